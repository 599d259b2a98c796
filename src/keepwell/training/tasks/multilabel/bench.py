"""One unit of work: a candidate fitted once a label, on one fold or on all rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.features.preparation import Flavour
from keepwell.tracking.metrics.multilabel import measure_sets
from keepwell.training.learners import Candidate, Learner, Watch
from keepwell.training.learners.base import FIRST
from keepwell.training.problem import Matrix, Problem
from keepwell.training.search.jobs import Bench, Job, Log, Outcome
from keepwell.training.search.matrices import apply, prepare
from keepwell.training.search.store import codes, digest, digest_of
from keepwell.training.splits.plans import Fold
from keepwell.training.tasks.comparing import performed

if TYPE_CHECKING:
    from numpy.typing import NDArray

HALF = 0.5
_ROUNDS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What it works with.

    Attributes:
        problem: The rows; its target has a column of ones and zeros for each label.
        folds: Train and validation rows.
        learners: By name.
        metric: Of sets of labels.
    """

    problem: Problem
    folds: Sequence[Fold]
    learners: dict[str, Learner]
    metric: str

    @property
    def digest(self) -> str:
        """A digest of everything that the outcome of a job depends on."""
        rows = digest_of(self.problem, self.folds)
        return digest((self.metric, codes(self.learners), rows), [])


class LabelBench:
    """Does jobs; whatever goes wrong is part of the outcome."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._at = -1  # of one fold only are prepared rows kept
        self._made: dict[Flavour, tuple[Matrix, Matrix]] = {}

    def perform(
        self,
        job: Job,
        stop: Callable[[], bool],
        report: Callable[[float], None],
        log: Log = lambda step, values: None,
    ) -> Outcome:
        """Do a job. Between two labels it looks whether its time is up."""
        candidate, number = job.candidate, job.fold
        return performed(
            job,
            lambda: (
                self._last(candidate, stop, report)
                if number is None
                else self._fold(candidate, number, stop, report)
            ),
        )

    def _fold(
        self, candidate: Candidate, number: int, stop: Callable[[], bool], report: Any
    ) -> Outcome:
        trial = self._trial
        problem, (train, held) = trial.problem, trial.folds[number]
        learner = trial.learners[candidate.learner]
        if candidate.learner == FIRST:  # it looks at no column: nothing has to be prepared
            matrix, asked = (Matrix(values=np.zeros((len(rows), 1))) for rows in (train, held))
        else:
            matrix, asked = self._of(number, learner.flavour)
        weights = None if problem.weights is None else problem.weights[train]
        bank = _bank(
            candidate, learner, problem, (matrix, problem.target[train], weights), stop, report
        )
        if bank is None:
            return _LATE
        said = bank.predict_proba(asked.values) >= HALF
        score = measure_sets(problem.target[held].astype(bool), said)[trial.metric]
        return Outcome(score=float(score))

    def _of(self, number: int, flavour: Flavour) -> tuple[Matrix, Matrix]:
        problem, (train, held) = self._trial.problem, self._trial.folds[number]
        if number != self._at:
            self._at, self._made = number, {}
        if flavour not in self._made:
            prepared, matrix = prepare(problem, flavour, train)
            self._made[flavour] = matrix, apply(prepared, flavour, problem.frame.iloc[held])
        return self._made[flavour]

    def _last(self, candidate: Candidate, stop: Callable[[], bool], report: Any) -> Outcome:
        from sklearn.pipeline import Pipeline

        problem, learner = self._trial.problem, self._trial.learners[candidate.learner]
        self._at, self._made = -1, {}
        prepared, matrix = prepare(problem, learner.flavour)
        given = (matrix, problem.target, problem.weights)
        bank = _bank(candidate, learner, problem, given, stop, report)
        if bank is None:
            return _LATE
        return Outcome(pipeline=Pipeline([("prepare", prepared), ("model", bank)]))


_LATE = Outcome(failed=True, note="stopped: not every label fitted into the budget")


def _bank(
    candidate: Candidate,
    learner: Learner,
    problem: Problem,
    given: "tuple[Matrix, NDArray[np.int64], NDArray[np.float64] | None]",
    stop: Callable[[], bool],
    report: Callable[[float], None],
) -> Any:
    """Return a classifier for each label; None if the time was up before the last."""
    from keepwell.features.estimators.labelled import LabelBank

    matrix, flags, weights = given
    watch = Watch(rounds=_ROUNDS)
    members = []
    for at in range(flags.shape[1]):
        if stop() and candidate.learner != FIRST:
            return None
        target = flags[:, at]
        if len(np.unique(target)) == 1:  # in this fold; the baseline says so of every row
            target = np.append(target[:-1], 1 - target[0])
        asked = replace(problem, target=target)
        members.append(learner.fit(candidate, asked, matrix, target, weights, watch).model)
        report((at + 1) / flags.shape[1])
    return LabelBank(members).fit(matrix.values)


if TYPE_CHECKING:
    _: type[Bench] = LabelBench
