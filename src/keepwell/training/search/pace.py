"""How long things take here: measured where something was measured, guessed where not."""

from collections.abc import Callable, Sequence

import numpy as np

from keepwell.training.learners.base import FIRST, Learner
from keepwell.training.problem import Problem
from keepwell.training.search.trials import Trial
from keepwell.training.splits.plans import Fold
from keepwell.training.workers.runner import tail_of

_LAST = 1.25  # times a fold's seconds, row for row: a fit to all rows
_GROWTH = 0.85  # a fit's seconds grow with its rows to this power


class Pace:
    """Expects seconds.

    Args:
        problem: What is to be learnt.
        folds: Train and validation rows.
        members: Fits to all rows that are kept time for.
        parallel: Jobs at a time.
        after: From the seconds in which a model answers a row to those that are kept for measuring it.
    """

    def __init__(
        self,
        problem: Problem,
        folds: Sequence[Fold],
        *,
        members: int,
        parallel: int,
        after: Callable[[float], float] = lambda answering: 0.0,
    ) -> None:
        self._problem = problem
        self._rows = len(folds[0][0])
        self._columns = len(problem.signature.inputs)
        self._members = members
        self._parallel = parallel
        self._after = after
        self._of_parts: dict[int, float] = {}  # by learner, of a whole fold, from a part of one

    def learn_from_part(self, learner: Learner, seconds: float, share: float) -> None:
        """Take in what a part of a fold's rows took."""
        self._of_parts[id(learner)] = seconds / float(share**_GROWTH)

    def fold(self, trial: Trial, trials: Sequence[Trial], share: float = 1.0) -> float:
        """Return the seconds that the next fold of a trial is likely to take."""
        return self._whole(trial, trials) * float(share**_GROWTH)

    def _whole(self, trial: Trial, trials: Sequence[Trial]) -> float:
        if trial.seconds:
            return trial.usual_seconds
        known = [t.usual_seconds for t in trials if t.learner is trial.learner and t.seconds]
        if known:
            return float(np.mean(known))
        if id(trial.learner) in self._of_parts:
            return self._of_parts[id(trial.learner)]
        return trial.learner.seconds(self._rows, self._columns, self._problem.classes)

    def known(self, learner: Learner, trials: Sequence[Trial]) -> bool:
        """Tell whether a learner was measured."""
        measured = any(trial.seconds for trial in trials if trial.learner is learner)
        return measured or id(learner) in self._of_parts

    def last_fits(self, best: Sequence[Trial]) -> float:
        """Return the seconds that fitting the best trials to all rows is likely to take."""
        able = [t for t in best if t.candidate.learner != FIRST and (t.scores or t.sampled)]
        done = [self._whole(trial, able) for trial in able[: self._members]] or [0.0]
        tail = max((tail_of(t.learner) for t in best[: self._members]), default=0.0)
        return tail + to_all_rows(done, self._problem.rows / max(self._rows, 1), self._parallel)

    def measuring(self, best: Sequence[Trial]) -> float:
        """Return the seconds to keep for what comes after the last fits."""
        return self._after(sum(trial.answering for trial in best[: self._members]))


def to_all_rows(folds: Sequence[float], growth: float, parallel: int = 1) -> float:
    """Return the seconds that fits to all rows are likely to take, so many at a time.

    Args:
        folds: Seconds of a fold of each; at least one.
        growth: How many times a fold's rows all rows are.
        parallel: Fits at a time.
    """
    return _LAST * growth * max(*folds, sum(folds) / parallel)
