"""A candidate with what cross-validation has seen of it so far."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from keepwell.tracking.metrics import direction
from keepwell.training.learners.base import Candidate, Learner
from keepwell.training.trained import LeaderboardRow

_TWO_SIDED = 1.96


@dataclass(slots=True, kw_only=True)
class Trial:
    """One candidate's folds."""

    candidate: Candidate
    learner: Learner
    scores: dict[int, float] = field(default_factory=dict)  # by fold
    rounds: list[float] = field(default_factory=list)  # as they would be with all rows
    seconds: list[float] = field(default_factory=list)
    note: str = ""
    failed: bool = False

    @property
    def mean(self) -> float | None:
        """Mean over the folds that are done."""
        return float(np.mean(list(self.scores.values()))) if self.scores else None

    @property
    def usual_seconds(self) -> float:
        """Median over the folds that were tried: one hiccup of the machine says little."""
        return float(np.median(self.seconds)) if self.seconds else 0.0

    @property
    def final_rounds(self) -> int | None:
        """Boosting rounds for the fit on all rows."""
        return max(1, round(float(np.mean(self.rounds)))) if self.rounds else None

    def row(self) -> LeaderboardRow:
        """Return the trial as the leaderboard shows it."""
        scores = tuple(self.scores[fold] for fold in sorted(self.scores))
        mean, low, high = self.mean, None, None
        if mean is not None and len(scores) > 1:
            half = _TWO_SIDED * float(np.std(scores, ddof=1)) / math.sqrt(len(scores))
            low, high = mean - half, mean + half
        return LeaderboardRow(
            name=self.candidate.name,
            learner=self.candidate.learner,
            params=self.candidate.params,
            mean=mean,
            low=low,
            high=high,
            scores=scores,
            seconds=round(sum(self.seconds), 3),
            note=self.note,
        )


def ranked(groups: Sequence[Sequence[Trial]], metric: str) -> list[Trial]:
    """Return trials, best first: group by group, each compared on the folds that all of it has.

    A group is what got equally far: finalists before those that left after the first folds.
    """
    return [trial for group in groups for trial in _ordered(group, direction(metric))]


def _ordered(group: Sequence[Trial], sign: int) -> list[Trial]:
    measured = [set(trial.scores) for trial in group if trial.scores and not trial.failed]
    common = set.intersection(*measured) if measured else set()

    def place(trial: Trial) -> tuple[bool, float]:
        scores = [trial.scores[fold] for fold in common if fold in trial.scores]
        return trial.failed, -sign * float(np.mean(scores)) if scores else math.inf

    return sorted(group, key=place)
