"""Choosing among candidates by cross-validation, within a budget.

Every candidate is tried on the first fold (two, where rows are few); the best two (four) go through all
folds, so that what is compared was measured on the same rows. A fold that would overrun the budget is not
started. The baseline is tried first: whatever happens, it comes back.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, zip_longest

import numpy as np

from keepwell.core.progress import Progress
from keepwell.training.learners.base import FIRST, Candidate, Fitted, Learner, Watch
from keepwell.training.problem import Problem, answer_of
from keepwell.training.search.budget import Budget
from keepwell.training.search.matrices import FoldMatrices
from keepwell.training.search.trials import Trial, ranked
from keepwell.training.splits.plans import Fold

_SMALL = 8_000  # rows; below, one fold is too noisy to judge by, and more folds cost little
_MOST_CELLS = 2_000_000  # of one fold; more rows are drawn from, not searched through
_FEWEST_ROWS = 5_000
_REPORT_EVERY = 0.2  # seconds
_MEASURING = 0.05  # of the budget, for what comes after the last fit
_PER_CELL = 3e-7  # seconds, for the profile
_FIRST_SHARE = 0.4  # of the budget, for a learner whose speed here is not known yet


class Search:
    """One search.

    Args:
        problem: What is to be learnt.
        folds: Train and validation rows.
        learners: Who offers candidates, by name; the baseline first.
        budget: What may be spent, on the final fit too.
        progress: Hears how far it is.
    """

    def __init__(
        self,
        problem: Problem,
        folds: Sequence[Fold],
        learners: Mapping[str, Learner],
        budget: Budget,
        progress: Progress,
    ) -> None:
        self._problem = problem
        self._columns = len(problem.signature.inputs)
        self._folds = [_bounded(fold, self._columns, problem.seed) for fold in folds]
        self._budget = budget
        self._progress = progress
        self._trials = [
            Trial(candidate=candidate, learner=learners[candidate.learner])
            for candidate in _alternating(
                learner.candidates(problem) for learner in learners.values()
            )
        ]
        self._finalists: list[Trial] = []
        self._pending: list[tuple[Trial, int]] = []

    @property
    def sampled(self) -> int | None:
        """Rows of a fold, if it was cut down to keep the budget; None if every row took part."""
        train, held = self._folds[0]
        cells = self._problem.rows * self._columns
        return len(train) + len(held) if cells > _MOST_CELLS else None

    def run(self) -> list[Trial]:
        """Return all trials, the best first."""
        few = self._problem.rows < _SMALL and len(self._folds) > 1
        first, places = (2, 4) if few else (1, 2)
        self._through(self._trials, range(first))
        measured = [trial for trial in self._ranked() if trial.scores and not trial.failed]
        baseline = [trial for trial in measured if trial.candidate.learner == FIRST]
        contenders = [trial for trial in measured if trial not in baseline]
        self._finalists = contenders[:places] + baseline
        self._through(self._finalists, range(first, len(self._folds)))
        return self._ranked()

    def _ranked(self) -> list[Trial]:
        others = [trial for trial in self._trials if trial not in self._finalists]
        return ranked([self._finalists, others], self._problem.metric)

    def _through(self, trials: Sequence[Trial], folds: Iterable[int]) -> None:
        numbers = list(folds)
        self._pending = [(trial, fold) for fold in numbers for trial in trials]
        for number in numbers:
            matrices = FoldMatrices(self._problem, self._folds[number])
            for trial in trials:
                self._pending.pop(0)
                if not trial.failed:
                    self._try(trial, number, matrices)

    def _try(self, trial: Trial, number: int, matrices: FoldMatrices) -> None:
        stop = self._allowance(trial)
        if stop is None:
            trial.note = trial.note or "not every fold fitted into the budget"
            return
        self._tell(trial, number, 0.0)
        start = self._budget.spent
        try:
            self._fit(trial, number, matrices, stop)
        except Exception as error:  # noqa: BLE001 - a learner may be a stranger's: its failure is its own
            trial.failed = True
            trial.note = f"failed: {type(error).__name__}: {error}"[:300]
        trial.seconds.append(self._budget.spent - start)

    def _allowance(self, trial: Trial) -> Callable[[], bool] | None:
        """Return what tells the next fit of a trial to stop; None if it must not start."""
        reserve = self._reserve()
        to_the_end = self._budget.deadline(1.0, reserve)
        if trial.candidate.learner == FIRST:
            return to_the_end
        known = any(other.seconds for other in self._trials if other.learner is trial.learner)
        if trial.learner.interruptible and not known:
            return self._budget.deadline(_FIRST_SHARE, reserve) if self._budget.left > 0 else None
        return to_the_end if self._expected(trial) + reserve <= self._budget.left else None

    def _fit(
        self, trial: Trial, number: int, matrices: FoldMatrices, stop: Callable[[], bool]
    ) -> None:
        problem = self._problem
        train, held = matrices.of(trial.learner.flavour)
        target, actual = matrices.actual
        watch = Watch(validation=(held, actual), stop=stop, report=self._reporter(trial, number))
        fitted: Fitted = trial.learner.fit(
            trial.candidate, problem, train, target, matrices.weights, watch
        )
        answer = answer_of(fitted.model, held.values, problem.classes)
        score = problem.measure(actual, answer).get(problem.metric)
        if score is not None and math.isfinite(score):
            trial.scores[number] = score
        else:
            trial.note = f"{problem.metric} cannot be measured on every fold"
        if fitted.rounds is not None:
            trial.rounds.append(fitted.rounds * math.sqrt(problem.rows / len(target)))
        if fitted.note:
            trial.note = fitted.note
        if fitted.interrupted:
            trial.note = "stopped when its time was up"

    def _expected(self, trial: Trial) -> float:
        """Return the seconds that the next fold of a trial is likely to take."""
        if trial.seconds:
            return trial.usual_seconds
        rows = len(self._folds[0][0])
        guess = trial.learner.seconds(rows, self._columns, self._problem.classes)
        known = [t.usual_seconds for t in self._trials if t.learner is trial.learner and t.seconds]
        return float(np.mean(known)) if known else guess

    def _last_fit(self) -> float:
        """Return the seconds that fitting the best candidate to all rows is likely to take."""
        done = [t for t in self._ranked() if t.scores and t.candidate.learner != FIRST]
        per_fold = done[0].usual_seconds if done else 0.0
        return 1.2 * per_fold * self._problem.rows / max(len(self._folds[0][0]), 1)

    def _reserve(self) -> float:
        """Return the seconds to keep for the last fit and for measuring it."""
        whole = self._budget.seconds
        measuring = _MEASURING * whole + _PER_CELL * self._problem.rows * self._columns
        return min(self._last_fit() + measuring, whole / 2)

    def _reporter(self, trial: Trial, number: int) -> Callable[[float], None]:
        last = self._budget.spent

        def report(share: float) -> None:
            nonlocal last
            if self._budget.spent - last > _REPORT_EVERY:
                last = self._budget.spent
                self._tell(trial, number, share)

        return report

    def _tell(self, trial: Trial, number: int, share: float) -> None:
        metric = self._problem.metric
        best = next((t for t in self._ranked() if t.mean is not None), None)
        so_far = f" (best {metric} {best.mean:.4g})" if best is not None else ""
        spent = sum(sum(t.seconds) for t in self._trials)
        ahead = self._expected(trial) * (1 - share) + sum(
            self._expected(pending) for pending, _ in self._pending
        )
        left = min(ahead + self._last_fit(), self._budget.left)
        self._progress.update(
            f"trying {trial.candidate.name}, fold {number + 1} of {len(self._folds)}{so_far}",
            fraction=min(spent / max(spent + left, 1e-9), 1.0),
            seconds_left=left,
        )


def _alternating(offers: Iterable[Sequence[Candidate]]) -> list[Candidate]:
    """Return the first candidate of each learner, then the second of each, and so on."""
    rounds = zip_longest(*offers)
    return [candidate for candidate in chain.from_iterable(rounds) if candidate is not None]


def _bounded(fold: Fold, columns: int, seed: int) -> Fold:
    """Return a fold whose rows are few enough to be searched through."""
    train, held = fold
    most = max(_FEWEST_ROWS, _MOST_CELLS // max(columns, 1))
    if len(train) + len(held) <= most:
        return fold
    share = most / (len(train) + len(held))
    random = np.random.default_rng(seed + 2)
    kept = [
        np.sort(random.permutation(rows)[: max(1, round(len(rows) * share))])
        for rows in (train, held)
    ]
    return kept[0], kept[1]
