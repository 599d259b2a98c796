"""Feeding: what it costs to count rows of 50 columns, parsed and as they lie in the log.

    python -m benchmarks.monitoring feeding

Rows are counted in blocks of as many as the feeder takes at once.
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
from keepwell.monitoring.sketches.watched import PARSED_ROWS

COLUMNS = 50


def measure(rows: int = 10 * PARSED_ROWS) -> None:
    """Print nanoseconds per row, and bytes of the state."""
    layout = Layout(profile_table(piece(COLUMNS, 100_000, 0), columns(COLUMNS)).columns)
    table = piece(COLUMNS, rows, 1).combine_chunks()
    blocks = [
        dict(zip(batch.schema.names, batch.columns, strict=True))
        for batch in table.to_batches(max_chunksize=PARSED_ROWS)
    ]
    block = layout.block()

    def count() -> None:
        for present in blocks:
            block.add(present)

    counting = _best(count)
    some = table.slice(0, PARSED_ROWS)
    documents = pa.chunked_array([pa.array([json.dumps(row) for row in some.to_pylist()])])
    fields = [Field(name=one.name, type=one.type) for one in columns(COLUMNS)]
    parsing = _best(lambda: parse_inputs(documents, fields)) * rows / PARSED_ROWS
    other = layout.block()
    other.add(blocks[0])
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
