"""Which models vote, and with what weight: chosen greedily, with replacement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.tracking.metrics import direction
from keepwell.training.ensembling.held_out import HeldOut, held_out
from keepwell.training.learners.base import FIRST, Learner
from keepwell.training.problem import Problem
from keepwell.training.search.trials import Trial
from keepwell.training.splits.plans import Fold

if TYPE_CHECKING:
    from numpy.typing import NDArray

FAST = 0.1
"""Milliseconds that one row may take, unless the gate says otherwise."""

MOST_MEMBERS = 5
MOST_TREES = 2_000
"""That one row may pass through: some 80 microseconds of a compiled scorer."""

_VOTES = 20
_CANDIDATES = 20  # of which members are chosen
_ROWS = 10_000  # that members are chosen on
_MOST_FOLDS = 0.6  # share of the folds on which an ensemble must be better than its best member
_LEAST_GAIN = 1e-6
_LEAST_WEIGHT = 0.1  # of a member: less is not worth its time, its bytes and its fit
# What one row costs beside rounds, in LightGBM's trees: measured with compiled scorers, 30 columns.
_WORTH = {
    "linear": 100.0,
    "elastic": 100.0,
    "perceptron": 200.0,
    "forest": 300.0,
    "extra-trees": 300.0,
    "neighbours": 1_500.0,
    "xgboost": 4_000.0,  # its library takes that long to be asked anything
}
_NOT_TREES = ("perceptron",)  # its rounds are passes over the rows
_UNKNOWN = 300.0


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
    trees: float = MOST_TREES,
) -> Ensemble | None:
    """Return the ensemble, of one or more members; None if no trial went through all folds.

    Args:
        problem: What is to be learnt.
        folds: Train and validation rows.
        trials: Best first.
        primary: How many folds make one cross-validation.
        most: Members at most.
        trees: That one row may pass through, all members together.
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
    if (most or MOST_MEMBERS) > 1 and len(contenders) > 1 and contenders[0] == 0:
        chosen = _greedy(problem, held, whole, contenders, most or MOST_MEMBERS, trees)
        if _better(problem, held, chosen):
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


def servable(learners: Mapping[str, Learner], latency_ms: float) -> dict[str, Learner]:
    """Return the learners of which one row can be answered in time, whatever their settings."""
    most = MOST_TREES * latency_ms / FAST
    return {name: each for name, each in learners.items() if _WORTH.get(name, 0.0) <= most}


def trees_of(trial: Trial, classes: int) -> float:
    """Return the trees that one row passes through, or what other models cost in trees."""
    learner = trial.candidate.learner
    fixed = _WORTH.get(learner, 0.0)
    if trial.final_rounds is None or learner in _NOT_TREES:
        return fixed or _UNKNOWN
    return fixed + trial.final_rounds * (classes if classes > 2 else 1)  # noqa: PLR2004


def _greedy(
    problem: Problem,
    held: HeldOut,
    trials: Sequence[Trial],
    contenders: Sequence[int],
    most: int,
    trees: float,
) -> "NDArray[np.float64]":
    """Return weights: again and again the vote is added that helps most."""
    sign = direction(problem.metric)
    sample = _sample(problem, len(held.actual))
    answers = [answer[sample] for answer in held.answers]
    actual = held.actual[sample]

    def score(answer: "NDArray[np.float64]") -> float:
        value = problem.measure(actual, answer).get(problem.metric)
        return -np.inf if value is None else sign * value

    cost = {at: trees_of(trials[at], problem.classes) for at in contenders}
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
            if at in chosen or (len(chosen) < most and spent + cost[at] <= trees)
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


def _better(problem: Problem, held: HeldOut, weights: "NDArray[np.float64]") -> bool:
    """Tell whether a vote is better than its best member on most folds, and in the mean."""
    if np.count_nonzero(weights) < 2:  # noqa: PLR2004
        return False
    sign = direction(problem.metric)
    voted = np.array(_by_fold(problem, held, _vote(held, weights)))
    single = np.array(_by_fold(problem, held, held.answers[0]))
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
