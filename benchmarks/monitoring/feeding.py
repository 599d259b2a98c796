"""Feeding: what it costs to count rows of 50 columns, parsed and as they lie in the log.

python -m benchmarks.monitoring feeding
"""

import json
import time
from collections.abc import Callable

import pyarrow as pa

from benchmarks.monitoring.world import columns, piece
from keepwell.core.records import Field
from keepwell.data.profiles import profile_table
from keepwell.monitoring.inputs import parse_inputs
from keepwell.monitoring.sketches import Layout

COLUMNS = 50


def measure(rows: int = 100_000) -> None:
    """Print nanoseconds per row, and bytes of the state."""
    layout = Layout(profile_table(piece(COLUMNS, 100_000, 0), columns(COLUMNS)).columns)
    table = piece(COLUMNS, rows, 1).combine_chunks()
    present = {
        name: column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    block = layout.block()
    counting = _best(lambda: block.add(present))
    some = table.slice(0, 10_000)
    documents = pa.chunked_array([pa.array([json.dumps(row) for row in some.to_pylist()])])
    fields = [Field(name=one.name, type=one.type) for one in columns(COLUMNS)]
    parsing = _best(lambda: parse_inputs(documents, fields)) * rows / 10_000
    other = layout.block()
    other.add(present)
    merging = _best(lambda: block.merge(other))
    state = block.to_bytes()
    print(f"| rows of {COLUMNS} columns | |\n|---|---|")
    print(f"| counted in accumulators | {counting / rows * 1e9:,.0f} ns a row (goal: 2,000) |")
    print(f"| parsed from the log's JSON, before that | {parsing / rows * 1e9:,.0f} ns a row |")
    print(f"| two blocks merged | {merging * 1e6:,.0f} µs |")
    print(
        f"| state, whatever the number of rows | {block.sums.nbytes:,} bytes, {len(state):,} stored |"
    )


def _best(work: Callable[[], object], times: int = 5) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)
