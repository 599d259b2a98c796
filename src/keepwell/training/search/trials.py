"""A candidate with what cross-validation has seen of it so far."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from keepwell.tracking.metrics import direction
from keepwell.training.learners.base import Candidate, Learner
from keepwell.training.search.jobs import Outcome
from keepwell.training.trained import LeaderboardRow

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TWO_SIDED = 1.96


@dataclass(slots=True, kw_only=True, eq=False)
class Trial:
    """One candidate's folds."""

    candidate: Candidate
    learner: Learner
    scores: dict[int, float] = field(default_factory=dict)  # by fold
    answers: "dict[int, NDArray[np.float64]]" = field(default_factory=dict)  # of held rows, by fold
    rounds: list[float] = field(default_factory=list)  # as they would be with all rows
    seconds: list[float] = field(default_factory=list)  # of folds with all their rows
    spent: float = 0.0  # seconds, in all
    answering: float = 0.0  # seconds in which a prepared row is answered
    sampled: dict[int, float] = field(default_factory=dict)  # by fold: of a part of its rows
    sampled_rounds: list[float] = field(default_factory=list)
    note: str = ""
    failed: bool = False
    left: bool = False  # the race, for others were better

    @property
    def mean(self) -> float | None:
        """Mean over the folds that are done; over parts of them, if there is nothing better."""
        known = self.scores or self.sampled
        return float(np.mean(list(known.values()))) if known else None

    @property
    def usual_seconds(self) -> float:
        """Median over the folds that were tried: one hiccup of the machine says little."""
        return float(np.median(self.seconds)) if self.seconds else 0.0

    @property
    def final_rounds(self) -> int | None:
        """Boosting rounds for the fit on all rows."""
        rounds = self.rounds or self.sampled_rounds
        return max(1, round(float(np.mean(rounds)))) if rounds else None

    def accept(self, fold: int, share: float, outcome: Outcome) -> None:
        """Take in what came of a fold, or of a part of its training rows."""
        self.spent += outcome.seconds
        self.note = outcome.note or self.note
        self.answering = max(self.answering, outcome.answering)
        if outcome.failed:
            self.failed = True
            self.seconds.append(outcome.seconds)
            return
        if share < 1:
            if outcome.score is not None:
                self.sampled[fold] = outcome.score
            if outcome.rounds is not None:
                self.sampled_rounds.append(outcome.rounds)
            return
        self.seconds.append(outcome.seconds)
        if outcome.score is not None:
            self.scores[fold] = outcome.score
        if outcome.answer is not None:
            self.answers[fold] = outcome.answer
        if outcome.rounds is not None:
            self.rounds.append(outcome.rounds)

    def mean_over(self, folds: Sequence[int]) -> float | None:
        """Return the mean over these folds; None if one is missing."""
        if any(fold not in self.scores for fold in folds):
            return None
        return float(np.mean([self.scores[fold] for fold in folds]))

    def row(self) -> LeaderboardRow:
        """Return the trial as the leaderboard shows it."""
        scores = tuple(self.scores[fold] for fold in sorted(self.scores))
        low, high = interval(scores)
        return LeaderboardRow(
            name=self.candidate.name,
            learner=self.candidate.learner,
            params=self.candidate.params
            | {f"preparation.{name}": value for name, value in self.candidate.preparation.items()},
            mean=self.mean,
            low=low,
            high=high,
            scores=scores,
            seconds=round(self.spent, 3),
            note=self.note,
            source=self.candidate.source,
        )


def interval(scores: Sequence[float]) -> tuple[float | None, float | None]:
    """Return the 95% interval of the mean over folds; None, None below two."""
    if len(scores) < 2:  # noqa: PLR2004
        return None, None
    mean = float(np.mean(scores))
    half = _TWO_SIDED * float(np.std(scores, ddof=1)) / math.sqrt(len(scores))
    return mean - half, mean + half


def by_first_fold(trials: Sequence[Trial], metric: str) -> list[Trial]:
    """Return trials, best first, by what little there is: the first fold, or a part of its rows."""
    sign = direction(metric)

    def place(trial: Trial) -> tuple[bool, float]:
        shown = trial.scores.get(0, trial.sampled.get(0))
        return trial.failed, math.inf if shown is None else -sign * shown

    return sorted(trials, key=place)


def ranked(groups: Sequence[Sequence[Trial]], metric: str) -> list[Trial]:
    """Return trials, best first: group by group, each compared on the folds that all of it has.

    A group is what got equally far: finalists before those that left after the first folds.
    """
    return [trial for group in groups for trial in _ordered(group, direction(metric))]


def _ordered(group: Sequence[Trial], sign: int) -> list[Trial]:
    measured = [set(trial.scores) for trial in group if trial.scores and not trial.failed]
    common = set.intersection(*measured) if measured else set()

    def place(trial: Trial) -> tuple[bool, bool, float]:
        scores = [trial.scores[fold] for fold in common if fold in trial.scores]
        shown = scores or list(trial.sampled.values())
        value = -sign * float(np.mean(shown)) if shown else math.inf
        return trial.failed, not scores, value

    return sorted(group, key=place)
