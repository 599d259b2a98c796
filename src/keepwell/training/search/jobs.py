"""One unit of work: a candidate on one fold, or on all rows. Done here or in a process of its own."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.training.learners.base import FIRST, Candidate, Learner, Watch
from keepwell.training.problem import Matrix, Problem, answer_of
from keepwell.training.search.matrices import FoldMatrices, prepare
from keepwell.training.splits.plans import Fold

if TYPE_CHECKING:
    from numpy.typing import NDArray

Log = Callable[[int, Mapping[str, float]], None]

_MOST_NOTE = 300
_KEPT = 3  # preparations of a fold that are in memory together


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be done.

    Attributes:
        candidate: The settings.
        fold: Which fold to learn and to be measured on; None to learn from all rows.
        share: Part of the fold's training rows to learn from; smaller parts lie within larger ones.
        rounds: Boosting rounds of a fit to all rows.
    """

    candidate: Candidate
    fold: int | None
    share: float = 1.0
    rounds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it.

    Attributes:
        score: The metric on the held-out rows; None if it cannot be measured there.
        answer: What it says about those rows.
        rounds: Boosting rounds, as they would be with all rows; those of the fit to all rows.
        seconds: What it took.
        note: What the reader of the leaderboard should know.
        failed: It has no result.
        pipeline: `prepare` and `model`, fitted to all rows.
    """

    score: float | None = None
    answer: "NDArray[np.float64] | None" = None
    rounds: float | None = None
    seconds: float = 0.0
    note: str = ""
    failed: bool = False
    pipeline: Any = None


class Workbench:
    """Does jobs of one problem.

    Args:
        problem: What is to be learnt.
        folds: Train and validation rows.
        learners: By name.
        now: A clock that only moves forward.
    """

    def __init__(
        self,
        problem: Problem,
        folds: Sequence[Fold],
        learners: Mapping[str, Learner],
        now: Callable[[], float] = perf_counter,
    ) -> None:
        self._now = now
        self._problem = problem
        self._folds = folds
        self._learners = learners
        self._matrices: dict[tuple[int, float], FoldMatrices] = {}

    def perform(
        self,
        job: Job,
        stop: Callable[[], bool],
        report: Callable[[float], None],
        log: Log = lambda step, values: None,
    ) -> Outcome:
        """Do a job; whatever a learner raises is part of the outcome."""
        start = self._now()
        try:
            if job.fold is None:
                return self._whole(job, stop, report, log, start)
            return self._fold(job, job.fold, stop, report, start)
        except Exception as error:  # noqa: BLE001 - a learner may be a stranger's: its failure is its own
            note = f"failed: {type(error).__name__}: {error}"[:_MOST_NOTE]
            return Outcome(failed=True, note=note, seconds=self._now() - start)

    def _fold(
        self,
        job: Job,
        number: int,
        stop: Callable[[], bool],
        report: Callable[[float], None],
        start: float,
    ) -> Outcome:
        problem, candidate = self._problem, job.candidate
        learner = self._learners[candidate.learner]
        matrices = self._of(number, job.share)
        if candidate.learner == FIRST:  # it looks at no column: nothing has to be prepared
            train, held = (Matrix(values=np.zeros((len(rows), 1))) for rows in matrices.rows)
        else:
            train, held = matrices.of(learner.flavour, candidate.preparation)
        target, actual = matrices.actual
        watch = Watch(validation=(held, actual), stop=stop, report=report)
        fitted = learner.fit(candidate, problem, train, target, matrices.weights, watch)
        answer = answer_of(fitted.model, held.values, problem.classes)
        note, score = "", problem.measure(actual, answer).get(problem.metric)
        if not np.isfinite(answer).all():
            return Outcome(
                failed=True,
                note="failed: it predicts values that are not numbers",
                seconds=self._now() - start,
            )
        if score is None or not math.isfinite(score):
            score, note = None, f"{problem.metric} cannot be measured on every fold"
        else:
            note = "stopped when its time was up" if fitted.interrupted else fitted.note
        grown = math.sqrt(problem.rows / len(target))
        return Outcome(
            score=score,
            answer=answer,
            rounds=None if fitted.rounds is None else fitted.rounds * grown,
            seconds=self._now() - start,
            note=note,
        )

    def _whole(
        self,
        job: Job,
        stop: Callable[[], bool],
        report: Callable[[float], None],
        log: Log,
        start: float,
    ) -> Outcome:
        from sklearn.pipeline import Pipeline

        problem, candidate = self._problem, job.candidate
        learner = self._learners[candidate.learner]
        self._matrices.clear()
        prepared, matrix = prepare(problem, learner.flavour, choices=candidate.preparation)
        watch = Watch(rounds=job.rounds, stop=stop, report=report, log=log, folder=problem.folder)
        fitted = learner.fit(candidate, problem, matrix, problem.target, problem.weights, watch)
        return Outcome(
            pipeline=Pipeline([("prepare", prepared), ("model", fitted.model)]),
            rounds=fitted.rounds,
            seconds=self._now() - start,
            note="stopped when its time was up" if fitted.interrupted else "",
        )

    def _of(self, number: int, share: float) -> FoldMatrices:
        key = (number, share)
        if key not in self._matrices:
            while len(self._matrices) >= _KEPT:
                del self._matrices[next(iter(self._matrices))]
            train, held = self._folds[number]
            if share < 1:
                train = part_of(train, share, self._problem.seed)
            self._matrices[key] = FoldMatrices(self._problem, (train, held))
        return self._matrices[key]


def part_of(rows: "NDArray[np.int64]", share: float, seed: int) -> "NDArray[np.int64]":
    """Return a share of rows, drawn so that a smaller share lies within a larger one."""
    random = np.random.default_rng(seed + 3)
    return np.sort(random.permutation(rows)[: max(1, round(len(rows) * share))])
