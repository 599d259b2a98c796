"""Keepwell on two Parquet files: a profile of the first, one pass of accumulators over the second.

Beside it the floor: a pass that reads and counts in given bins, and nothing else.

Both passes give each core columns of its own, which it reads and counts one after the other, a piece at a
time: what a piece takes of memory stays in the core's cache and serves the next, and no core waits for
another. Before the clock starts, a few rows are compared, so that loading libraries is not timed.
"""

import itertools
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.monitoring.world import columns, piece
from keepwell.core.records import Column, Profile
from keepwell.data.profiles import profile_table
from keepwell.monitoring.drift import compare_columns
from keepwell.monitoring.sketches import Layout

REFERENCE_ROWS = 200_000
"""Of a larger reference, the profile is made of its first so many rows."""

PIECE_ROWS = 32_768
"""Rows of a column read at once."""

FEW = 2_000


def run(reference: Path, current: Path, count: int) -> dict[str, Any]:
    """Return seconds of the fit and of the pass, and the columns that drifted."""
    few = piece(count, FEW, 0)
    _compare(profile_table(few, columns(count)), lambda add: add(few.to_batches()[0]))
    start = time.perf_counter()
    profile = _learn(reference, columns(count))
    fitted = time.perf_counter()
    found = _compare(profile, lambda add: _read(current, add))
    return {"fit": fitted - start, "seconds": time.perf_counter() - fitted, "found": found}


def floor(current: Path) -> dict[str, Any]:
    """Return the seconds of a pass that reads and counts."""
    edges = np.linspace(-2, 2, 21)

    def add(batch: pa.RecordBatch) -> None:
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if name.startswith("n"):
                places = np.searchsorted(edges, column.to_numpy())
                np.bincount(places, minlength=len(edges) + 1)
            else:
                column.value_counts()

    start = time.perf_counter()
    _read(current, add)
    return {"fit": 0.0, "seconds": time.perf_counter() - start, "found": []}


def _learn(path: Path, listed: list[Column]) -> Profile:
    """Return the profile of a file's first rows, made column by column."""
    footer = pq.read_metadata(path)

    def one(column: Column) -> Profile:
        file = pq.ParquetFile(path, metadata=footer)
        head = next(file.iter_batches(REFERENCE_ROWS, columns=[column.name], use_threads=False))
        return profile_table(pa.Table.from_batches([head]), [column])

    with ThreadPoolExecutor(_cores()) as threads:
        made = list(threads.map(one, listed))
    return Profile(rows=made[0].rows, columns=tuple(each.columns[0] for each in made))


def _compare(
    profile: Profile, read: Callable[[Callable[[pa.RecordBatch], None]], None]
) -> list[str]:
    """Return the columns that drifted, of what `read` hands over batch by batch."""
    block = Layout(profile.columns).block()
    read(lambda batch: block.add(dict(zip(batch.schema.names, batch.columns, strict=True))))
    reports = compare_columns(list(block.counted().values()))
    return [report.name for report in reports if report.drifted]


def _read(path: Path, add: Callable[[pa.RecordBatch], None]) -> None:
    """Hand over a file's columns in the rows' order; some of them by each of as many threads as cores."""
    footer, cores = pq.read_metadata(path), _cores()
    names = footer.schema.names

    def share(own: list[str]) -> None:
        file = pq.ParquetFile(path, metadata=footer)
        # Group by group: an iterator over all of them keeps the dictionaries of each to its end.
        for group, name in itertools.product(range(footer.num_row_groups), own):
            for batch in file.iter_batches(
                PIECE_ROWS, row_groups=[group], columns=[name], use_threads=False
            ):
                add(batch)

    with ThreadPoolExecutor(cores) as threads:
        list(threads.map(share, filter(None, (names[at::cores] for at in range(cores)))))


def _cores() -> int:
    return len(os.sched_getaffinity(0))
