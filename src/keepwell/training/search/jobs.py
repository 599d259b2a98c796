"""One unit of work: a candidate on one fold, or on all rows. Done here or in a process of its own."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from keepwell.training.learners.base import FIRST, Candidate, Fitted, Learner, Watch
from keepwell.training.problem import Matrix, Problem, answer_of
from keepwell.training.search.matrices import FoldMatrices, prepare
from keepwell.training.splits.plans import Fold
from keepwell.training.splits.stopping import set_apart

if TYPE_CHECKING:
    from numpy.typing import NDArray

Log = Callable[[int, Mapping[str, float]], None]

_MOST_NOTE = 300
_REFITTED = 8_000  # rows, up to which what was set apart is learnt from too before a fold is scored
_FEW = 500  # rows, up to which a learner that is not fitted again is not stopped
_NEXT = 7919  # between the seeds of two fits of the same settings
_USUAL_ROUNDS = 100  # where rows are too few to say
_KEPT = 3  # preparations of a fold that are in memory together
_RAN_OUT = re.compile(
    r"^stopped|^its process |MemoryError|bad_alloc|[Cc]annot allocate memory|[Oo]ut of memory"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be done.

    Attributes:
        candidate: The settings.
        fold: Which fold to learn and to be measured on; None to learn from all rows.
        share: Part of the fold's training rows to learn from; smaller parts lie within larger ones.
        rounds: Boosting rounds, as they would be with all rows; None: a part of the fold's training rows
            says when to stop.
        complete: A part is learnt from whole, too: what told it when to stop is learnt from in a second fit.
        draw: Of a fit to all rows: by another seed each time, where chance has a part in it.
    """

    candidate: Candidate
    fold: int | None
    share: float = 1.0
    rounds: int | None = None
    draw: int = 0
    complete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it.

    Attributes:
        score: The metric on the held-out rows; None if it cannot be measured there.
        answer: What it says about those rows.
        rounds: Boosting rounds, as they would be with all rows; those of the fit to all rows; None if
            they were given.
        seconds: What it took.
        answering: Seconds in which a prepared row was answered.
        note: What the reader of the leaderboard should know.
        failed: It has no result.
        pipeline: `prepare` and `model`, fitted to all rows.
    """

    score: float | None = None
    answer: "NDArray[np.float64] | None" = None
    rounds: float | None = None
    seconds: float = 0.0
    answering: float = 0.0
    note: str = ""
    failed: bool = False
    pipeline: Any = None

    @classmethod
    def failure(cls, error: Exception) -> "Outcome":
        """Return the outcome of what raised an error."""
        note = f"failed: {type(error).__name__}: {error}"[:_MOST_NOTE]
        return cls(failed=True, note=note)


def ran_out(note: str) -> bool:
    """Tell by its note whether a job ended for want of time or memory: with more it may go otherwise.

    >>> ran_out("stopped after 3.1s: it had no more time"), ran_out("failed: MemoryError: no more")
    (True, True)
    >>> ran_out("failed: ValueError: no more")
    False
    """
    return bool(_RAN_OUT.search(note))


class Bench(Protocol):
    """Does jobs; whatever goes wrong is part of the outcome."""

    def perform(
        self, job: Job, stop: Callable[[], bool], report: Callable[[float], None], log: Log = ...
    ) -> Outcome:
        """Do a job; return soon after `stop` turns true."""
        ...


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
        given = problem.lots
        if given is None:
            given = np.random.default_rng(problem.seed + 6).permutation(problem.rows) / problem.rows
        self._lots = given

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
            return replace(Outcome.failure(error), seconds=self._now() - start)

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
        rows = _Rows(train, target, matrices.weights)
        known = _scaled(learner, job.rounds, len(target) / problem.rows)
        watch = Watch(rounds=known, stop=stop, report=report)
        if job.rounds is None and _stops_early(learner, len(target)):
            parts = set_apart(self._lots[matrices.train], number)
            again = (job.share == 1 or job.complete) and len(target) <= _REFITTED
            again = again and getattr(learner, "refitted", True)
            fitted, rounds = _stopped(candidate, problem, learner, rows, parts, watch, again=again)
        else:
            fitted = learner.fit(candidate, problem, *rows, watch)
            found = fitted.rounds if job.rounds is None else None
            rounds = _scaled(learner, found, problem.rows / len(target))
        asked = self._now()
        answer = answer_of(fitted.model, held.values, problem.classes)
        answering = (self._now() - asked) / max(len(actual), 1)
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
        return Outcome(
            score=score,
            answer=answer,
            rounds=rounds,
            seconds=self._now() - start,
            answering=answering,
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
        watch = Watch(
            rounds=job.rounds,
            stop=stop,
            report=report,
            log=log,
            folder=problem.folder,
            whole=True,
        )
        drawn = replace(problem, seed=problem.seed + _NEXT * job.draw)
        fitted = learner.fit(candidate, drawn, matrix, problem.target, problem.weights, watch)
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


class _Rows(NamedTuple):
    """What is learnt from."""

    matrix: Matrix
    target: "NDArray[Any]"
    weights: "NDArray[np.float64] | None"

    def take(self, at: "NDArray[np.int64]") -> "_Rows":
        values = self.matrix.values
        return _Rows(
            replace(self.matrix, values=values.iloc[at] if hasattr(values, "iloc") else values[at]),
            self.target[at],
            None if self.weights is None else self.weights[at],
        )


def _stopped(
    candidate: Candidate,
    problem: Problem,
    learner: Learner,
    rows: _Rows,
    parts: "tuple[NDArray[np.int64], NDArray[np.int64]] | None",
    watch: Watch,
    *,
    again: bool,
) -> tuple[Fitted, int | None]:
    """Fit, stopping by rows that are set apart from those learnt from; return the rounds for all rows too.

    If `again`, what was set apart is learnt from too in a second fit, of as many rounds as the first found
    best.
    """
    if parts is None:
        given = learner.fit(candidate, problem, *rows, replace(watch, rounds=_USUAL_ROUNDS))
        return given, _USUAL_ROUNDS
    learnt, apart = (rows.take(part) for part in parts)
    held = apart.matrix, apart.target
    fitted = learner.fit(candidate, problem, *learnt, replace(watch, validation=held))
    if fitted.rounds is None:
        return fitted, None
    found = len(learnt.target)
    rounds = _scaled(learner, fitted.rounds, problem.rows / found)
    if fitted.interrupted or not again:
        return fitted, rounds
    wanted = _scaled(learner, fitted.rounds, len(rows.target) / found)
    return learner.fit(candidate, problem, *rows, replace(watch, rounds=wanted)), rounds


def _stops_early(learner: Learner, rows: int) -> bool:
    """Tell whether a part of the rows is set apart to say when to stop.

    Of few rows a fifth is missed where it is not learnt from later, and too noisy to tell passes apart.
    """
    wanted = bool(getattr(learner, "stops_early", False))
    return wanted and (rows > _FEW or getattr(learner, "refitted", True))


def _scaled(learner: Learner, rounds: float | None, share: float) -> Any:
    """Return the rounds that suit so many times the rows: more rows bear more trees, not more passes."""
    if rounds is None:
        return None
    return max(1, round(rounds if getattr(learner, "epochs", False) else rounds * share))


def part_of(rows: "NDArray[np.int64]", share: float, seed: int) -> "NDArray[np.int64]":
    """Return a share of rows, drawn so that a smaller share lies within a larger one."""
    random = np.random.default_rng(seed + 3)
    return np.sort(random.permutation(rows)[: max(1, round(len(rows) * share))])
