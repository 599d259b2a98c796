"""What trials said about rows while these were held out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.training.problem import Problem
from keepwell.training.search.trials import Trial
from keepwell.training.splits.plans import Fold

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Rows that were held out once or more, with what each trial said.

    Attributes:
        rows: Positions in the problem.
        actual: Their targets.
        answers: By trial; the mean where a row was held out more than once.
        parts: Positions in `rows` by fold.
        folds: By part, the fold.
    """

    rows: "NDArray[np.int64]"
    actual: "NDArray[Any]"
    answers: "list[NDArray[np.float64]]"
    parts: "list[NDArray[np.int64]]"
    folds: list[int]


def held_out(
    problem: Problem, folds: Sequence[Fold], trials: Sequence[Trial], primary: int
) -> HeldOut:
    """Return what trials, all of them through the primary folds, said about held-out rows."""
    rows = np.unique(np.concatenate([folds[fold][1] for fold in range(primary)]))
    parts = [np.searchsorted(rows, folds[fold][1]) for fold in range(primary)]
    return HeldOut(
        rows=rows,
        actual=problem.target[rows],
        answers=[_gathered(rows, folds, trial) for trial in trials],
        parts=parts,
        folds=list(range(primary)),
    )


def _gathered(
    rows: "NDArray[np.int64]", folds: Sequence[Fold], trial: Trial
) -> "NDArray[np.float64]":
    shape = next(iter(trial.answers.values())).shape[1:]
    total, times = np.zeros((len(rows), *shape)), np.zeros(len(rows))
    for fold, answer in sorted(trial.answers.items()):
        at = np.searchsorted(rows, folds[fold][1])
        inside = (at < len(rows)) & (rows[np.minimum(at, len(rows) - 1)] == folds[fold][1])
        total[at[inside]] += answer[inside]
        times[at[inside]] += 1
    return total / times.reshape(-1, *[1] * len(shape))
