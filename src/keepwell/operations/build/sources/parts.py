"""The rows of a training: all of them, or as many as the memory granted holds."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import TrainingError
from keepwell.core.records import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from keepwell.core.records import DatasetVersion
    from keepwell.core.spec import DataSpec, TrainSpec
    from keepwell.operations.build.bench import Bench

_SMALL = 2_000_000  # cells that nobody has to weigh
_HELD = 2  # copies, in this process: the rows, and those of them that have an outcome
_PREPARED = 3 * 8  # bytes a column: learnt from, held out, and in the learner's own form
_FEWEST = 1_000
_WHOLE = (Task.FORECAST, Task.RANKING)
"""What is learnt from what follows what: a part drawn at random would tear it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a training is handed.

    Attributes:
        table: The rows.
        positions: Of these rows in the data set; None: it is all of them.
        spec: The training's, with the memory granted.
        told: What the reader should know; empty where all rows were read.
    """

    table: Any
    positions: NDArray[np.int64] | None
    spec: TrainSpec
    told: str = ""


def rows_to_learn(bench: Bench, dataset: DatasetVersion, data: DataSpec, spec: TrainSpec) -> Part:
    """Return the rows of a data set that a training can hold in memory.

    Raises:
        TrainingError: If that are so few that nothing is learnt from them.
    """
    if dataset.rows * len(dataset.columns) <= _SMALL or _is_whole(data, spec):
        return Part(table=bench.datasets.read(dataset), positions=None, spec=spec)
    from keepwell.training.workers.grant import LIBRARIES, OWN, free_memory

    granted = spec.memory or free_memory()
    weight = bench.datasets.weigh(dataset)
    here = _HELD * (weight.stored + weight.framed)
    each = here + weight.framed + _PREPARED * len(dataset.columns)
    libraries = OWN + LIBRARIES  # they are in memory twice: here, and where it is fitted
    share = (granted - libraries) / max(each * dataset.rows, 1.0)
    if share >= 1:
        return Part(table=bench.datasets.read(dataset), positions=None, spec=spec)
    if share * dataset.rows < min(_FEWEST, dataset.rows):
        least = math.ceil((libraries + 1.1 * each * _FEWEST) / 1e6)
        raise TrainingError(
            f"{granted / 1e6:,.0f} MB of memory are too little to learn from '{dataset.name}'",
            why=f"the libraries take {libraries / 1e6:,.0f} MB, and {_FEWEST:,} of its "
            f"{dataset.rows:,} rows at least have to fit in",
            now=f"set `memory: {least}MB` or more under `train:`",
        )
    table, positions = bench.datasets.sample(dataset, share, spec.seed + 9)
    return Part(
        table=table,
        positions=positions,
        spec=replace(spec, memory=granted),
        told=f"{table.num_rows:,} of {dataset.rows:,} rows, drawn at random, were read: "
        f"{granted / 1e6:,.0f} MB of memory hold no more; `memory:` under `train:` grants it",
    )


def _is_whole(data: DataSpec, spec: TrainSpec) -> bool:
    recommends = spec.task is None and bool(data.user and data.item and not data.target)
    return spec.task in _WHOLE or recommends or bool(data.targets)
