"""Which models vote, and with what weight: chosen greedily, with replacement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.tracking.metrics import direction
from keepwell.training.ensembling.held_out import HeldOut, held_out
from keepwell.training.ensembling.latency import MOST, microseconds_of
from keepwell.training.learners.base import FIRST
from keepwell.training.problem import Problem
from keepwell.training.search.trials import Trial
from keepwell.training.splits.plans import Fold

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_MEMBERS = 5
_VOTES = 20
_CANDIDATES = 20  # of which members are chosen
_ROWS = 10_000  # that members are chosen on
_MOST_FOLDS = 0.6  # share of the folds on which an ensemble must be better than its best member
_LEAST_GAIN = 1e-6
_NEXT_TO_NOTHING = 0.01  # of the metric: what answering in time may cost
_LEAST_WEIGHT = 0.1  # of a member: less is not worth its time, its bytes and its fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensemble:
    """Chosen members.

    Attributes:
        members: Trials with their weights, which add up to 1; the heaviest first.
        scores: The metric by primary fold, of the members' vote on the held-out rows.
        answer: The vote itself.
        actual: The targets of the same rows.
    """

    members: tuple[tuple[Trial, float], ...]
    scores: tuple[float, ...]
    answer: "NDArray[np.float64]"
    actual: "NDArray[Any]"


def select(
    problem: Problem,
    folds: Sequence[Fold],
    trials: Sequence[Trial],
    *,
    primary: int,
    most: int | None = None,
    microseconds: float = MOST,
) -> Ensemble | None:
    """Return the ensemble, of one or more members; None if no trial went through all folds.

    Args:
        problem: What is to be learnt.
        folds: Train and validation rows.
        trials: Best first.
        primary: How many folds make one cross-validation.
        most: Members at most.
        microseconds: That one row may take, all members together.
    """
    whole = [
        trial
        for trial in trials
        if not trial.failed
        and len(trial.answers) >= primary
        and all(fold in trial.scores for fold in range(primary))
    ][:_CANDIDATES]
    if not whole:
        return None
    held = held_out(problem, folds, whole, primary)
    weights = np.zeros(len(whole))
    weights[0] = 1.0
    contenders = [at for at, trial in enumerate(whole) if trial.candidate.learner != FIRST]
    if contenders and contenders[0] == 0:
        quick = [at for at in contenders if microseconds_of(whole[at], problem) <= microseconds]
        if quick and quick[0] != 0 and _nearly(whole[quick[0]], whole[0], problem):
            weights = np.eye(len(whole))[quick[0]]
        if (most or MOST_MEMBERS) > 1 and len(quick) > 1:
            chosen = _greedy(problem, held, whole, quick, most or MOST_MEMBERS, microseconds)
            if _better(problem, held, chosen, weights):
                weights = chosen
    answer = _vote(held, weights)
    members = sorted(
        ((whole[at], float(weights[at])) for at in np.flatnonzero(weights)),
        key=lambda member: -member[1],
    )
    return Ensemble(
        members=tuple(members),
        scores=tuple(_by_fold(problem, held, answer)),
        answer=answer,
        actual=held.actual,
    )


def _greedy(
    problem: Problem,
    held: HeldOut,
    trials: Sequence[Trial],
    contenders: Sequence[int],
    most: int,
    microseconds: float,
) -> "NDArray[np.float64]":
    """Return weights: again and again the vote is added that helps most."""
    sign = direction(problem.metric)
    sample = _sample(problem, len(held.actual))
    answers = [answer[sample] for answer in held.answers]
    actual = held.actual[sample]

    def score(answer: "NDArray[np.float64]") -> float:
        value = problem.measure(actual, answer).get(problem.metric)
        return -np.inf if value is None else sign * value

    cost = {at: microseconds_of(trials[at], problem) for at in contenders}
    votes = np.zeros(len(trials))
    votes[contenders[0]] = 1.0
    total = answers[contenders[0]].copy()
    best, kept = score(total), votes.copy()
    for count in range(2, _VOTES + 1):
        chosen = set(np.flatnonzero(votes).tolist())
        spent = sum(cost[at] for at in chosen)
        allowed = [
            at
            for at in contenders
            if at in chosen or (len(chosen) < most and spent + cost[at] <= microseconds)
        ]
        scored = [(score((total + answers[at]) / count), -at) for at in allowed]
        value, at = max(scored)
        votes[-at] += 1
        total += answers[-at]
        if value > best + _LEAST_GAIN * abs(best):
            best, kept = value, votes.copy()
        elif count - kept.sum() > 3:  # noqa: PLR2004 - votes that have not helped
            break
    kept[kept < _LEAST_WEIGHT * kept.sum()] = 0.0
    return np.asarray(kept / kept.sum())


def _sample(problem: Problem, rows: int) -> Any:
    if rows <= _ROWS:
        return slice(None)
    return np.sort(np.random.default_rng(problem.seed + 5).permutation(rows)[:_ROWS])


def _nearly(quick: Trial, best: Trial, problem: Problem) -> bool:
    """Tell whether a model that answers in time is as good as the best, or short of it by next to nothing."""
    lost = direction(problem.metric) * ((best.mean or 0.0) - (quick.mean or 0.0))
    return lost <= _NEXT_TO_NOTHING * abs(best.mean or 0.0)


def _better(
    problem: Problem,
    held: HeldOut,
    weights: "NDArray[np.float64]",
    than: "NDArray[np.float64]",
) -> bool:
    """Tell whether a vote is better than a model alone on most folds, and in the mean."""
    if np.count_nonzero(weights) < 2:  # noqa: PLR2004
        return False
    sign = direction(problem.metric)
    voted = np.array(_by_fold(problem, held, _vote(held, weights)))
    single = np.array(_by_fold(problem, held, _vote(held, than)))
    gains = sign * (voted - single)
    return bool(gains.mean() > 0 and np.mean(gains > 0) >= _MOST_FOLDS)


def _vote(held: HeldOut, weights: "NDArray[np.float64]") -> "NDArray[np.float64]":
    parts = [held.answers[at] * weights[at] for at in np.flatnonzero(weights)]
    return np.asarray(sum(parts), dtype=np.float64)


def _by_fold(problem: Problem, held: HeldOut, answer: "NDArray[np.float64]") -> list[float]:
    scores = [
        problem.measure(held.actual[part], answer[part]).get(problem.metric) for part in held.parts
    ]
    return [score for score in scores if score is not None]
