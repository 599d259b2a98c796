"""Keepwell on two Parquet files: a profile of the first, one pass of accumulators over the second.

Beside it the floor: a pass that reads and counts in given bins, and nothing else.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.monitoring.world import columns
from keepwell.data.profiles import profile_table
from keepwell.monitoring.drift import compare_columns
from keepwell.monitoring.sketches import Layout

REFERENCE_ROWS = 200_000
"""Of a larger reference, the profile is made of its first so many rows."""


def run(reference: Path, current: Path, count: int) -> dict[str, Any]:
    """Return seconds of the fit and of the pass, and the columns that drifted."""
    start = time.perf_counter()
    head = next(pq.ParquetFile(reference).iter_batches(batch_size=REFERENCE_ROWS))
    profile = profile_table(pa.Table.from_batches([head]), columns(count))
    fitted = time.perf_counter()
    layout = Layout(profile.columns)
    block = layout.block()
    for batch in pq.ParquetFile(current).iter_batches(batch_size=65_536):
        block.add(dict(zip(batch.schema.names, batch.columns, strict=True)))
    reports = compare_columns(list(block.counted().values()))
    return {
        "fit": fitted - start,
        "seconds": time.perf_counter() - fitted,
        "found": [report.name for report in reports if report.drifted],
    }


def floor(current: Path) -> dict[str, Any]:
    """Return the seconds of a pass that reads and counts."""
    start = time.perf_counter()
    edges = np.linspace(-2, 2, 21)
    for batch in pq.ParquetFile(current).iter_batches(batch_size=65_536):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if name.startswith("n"):
                places = np.searchsorted(edges, column.to_numpy())
                np.bincount(places, minlength=len(edges) + 1)
            else:
                column.value_counts()
    return {"fit": 0.0, "seconds": time.perf_counter() - start, "found": []}
