"""Which rows take part where memory is short."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keepwell.core.errors import TrainingError
from keepwell.training.problem import Problem
from keepwell.training.splits.plans import Fold
from keepwell.training.workers.grant import LIBRARIES, Grant

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FEWEST_ROWS = 1_000
_SAMPLE = 2_000  # rows whose texts are weighed
_ROOM = 64 << 20  # bytes that this process grows by, whatever the rows
_HOLDERS = 2  # a fit, and this process, which measures and looks for features
_COPIES = 3  # of a prepared matrix: learnt from, held out, and in the learner's own form


def child_need(problem: Problem) -> int:
    """Return the bytes that a child is likely to take for one fit, libraries included."""
    return LIBRARIES + _of_rows(problem)


def own_need(problem: Problem) -> int:
    """Return the bytes that this process is likely to take yet: it measures, and looks for features."""
    return _ROOM + _of_rows(problem)


def _of_rows(problem: Problem) -> int:
    frame = problem.frame
    drawn = frame.iloc[: min(_SAMPLE, len(frame))]
    per_row = float(drawn.memory_usage(deep=True, index=False).sum()) / max(len(drawn), 1)
    prepared = 8.0 * _COPIES * frame.shape[1]
    return round((per_row + prepared) * len(frame))


def within(
    problem: Problem, folds: list[Fold], memory: Grant, *, children: bool = True
) -> tuple[Problem, list[Fold], "NDArray[np.int64] | None"]:
    """Return the problem with no more rows than memory allows, and which of them; None: all.

    Args:
        problem: What is to be learnt.
        folds: Train and validation rows.
        memory: What this process and its children may take together.
        children: They do the fits: each needs libraries of its own.

    Raises:
        TrainingError: If so few rows would be left that nothing is learnt from them.
    """
    libraries = _ROOM + (LIBRARIES if children else 0)
    wanted = _HOLDERS * _of_rows(problem)
    share = (memory.left - libraries) / max(wanted, 1)
    if share >= 1:
        return problem, folds, None
    rows = int(problem.rows * max(share, 0.0))
    if rows < min(_FEWEST_ROWS, problem.rows):
        raise TrainingError(
            f"{memory.memory / 1e6:,.0f} MB of memory are too little to learn from these "
            f"{problem.rows:,} rows",
            why=f"this process holds {memory.held / 1e6:,.0f} MB, its libraries and the table; those of a "
            f"fit take {libraries / 1e6:,.0f} MB and the rows {wanted / 1e6:,.0f} MB, of which "
            f"{_FEWEST_ROWS:,} at least have to fit in",
            now=f"set `memory: {_least(memory.held + libraries, wanted, problem.rows)}MB` or more "
            "under `train:`",
        )
    kept = np.sort(np.random.default_rng(problem.seed + 4).permutation(problem.rows)[:rows])
    position = np.full(problem.rows, -1)
    position[kept] = np.arange(rows)
    fewer = [
        (position[train][position[train] >= 0], position[held][position[held] >= 0])
        for train, held in folds
    ]
    sample = replace(
        problem,
        frame=problem.frame.iloc[kept],
        target=problem.target[kept],
        weights=None if problem.weights is None else problem.weights[kept],
        lots=None if problem.lots is None else problem.lots[kept],
    )
    return sample, [fold for fold in fewer if len(fold[0]) and len(fold[1])], kept


def _least(libraries: int, wanted: int, rows: int) -> int:
    return math.ceil((libraries + wanted * min(1.0, 1.1 * _FEWEST_ROWS / rows)) / 1e6)
