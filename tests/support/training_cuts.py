"""A run that is killed while it compares, and run again."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from training_worlds import World

from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.training import Past, Trained, train
from keepwell.training.search.store import MemoryStore


class PowerCut(BaseException):
    """Ends a process: nobody answers it."""


class MortalStore(MemoryStore):
    """Keeps so many documents before the lights go out; what was written is there afterwards."""

    def __init__(self, writes: int) -> None:
        super().__init__()
        self.left = writes

    def write(self, key: str, data: bytes) -> None:
        super().write(key, data)
        self.left -= 1
        if self.left == 0:
            raise PowerCut


def cut(world: World, data: DataSpec, spec: TrainSpec, *, after: int) -> MortalStore:
    """Return what is left of a run that was killed after so many fits, each with the seconds spent."""
    store = MortalStore(2 * after)
    try:
        train(*world, data, spec, past=Past(store=store))
    except PowerCut:
        return store
    raise AssertionError(f"the run ended before it had done {after} fits")


def resumed(world: World, data: DataSpec, spec: TrainSpec, store: MortalStore) -> Trained:
    """Run it again."""
    return train(*world, data, spec, past=Past(store=store))


def taken_over(trained: Trained) -> int:
    """Return how many fits were taken over, by what the run says."""
    told = [one.message for one in trained.findings if "taken over" in one.message]
    return int(told[0].split(": ")[1].split()[0]) if told else 0


def must_depend_on_rows_and_seed(
    world: World, data: DataSpec, spec: TrainSpec, column: str, change: Callable[[Any], Any]
) -> None:
    """Assert that what is left of a run is taken over for the same rows and seed, and for no others.

    The rows to test on are the first ones in every run, so nothing else tells the runs apart.

    Args:
        column: Of which one cell is changed, in a row that is learnt from.
        change: Makes another cell of it.
    """
    table, columns = world
    tested = np.arange(table.num_rows // 5)
    store = MortalStore(4)
    try:
        train(table, columns, data, spec, test_rows=tested, past=Past(store=store))
    except PowerCut:
        store.left = -1
    cells = table[column].to_pylist()
    cells[-1] = change(cells[-1])
    at, kind = table.column_names.index(column), table.schema.field(column).type
    other = table.set_column(at, column, pa.array(cells, kind))
    short = replace(spec, budget=2.0)  # enough to look what is there
    for rows, asked, found in (
        (other, short, 0),
        (table, replace(short, seed=spec.seed + 1), 0),
        (table, short, 2),
    ):
        past = Past(store=deepcopy(store))
        again = train(rows, columns, data, asked, test_rows=tested, past=past)
        assert taken_over(again) == found
