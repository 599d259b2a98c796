"""How fast two versions answer, in turn, so that what else the machine does meets both."""

import statistics
import time
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import InvalidRequestError
from keepwell.core.records import Signature
from keepwell.operations.lighter.evidence import Timing

if TYPE_CHECKING:
    import pyarrow as pa

    from keepwell.deployment.scoring import Scorer

BATCH = 10_000
_ROUNDS = 5  # of single rows
_ROWS = 40  # a round
_BATCHES = 3


def timed(
    scorers: "tuple[Scorer, Scorer]",
    sizes: tuple[Mapping[str, int], Mapping[str, int]],
    signature: Signature,
    table: "pa.Table",
) -> tuple[Timing, Timing]:
    """Return how fast each answers single rows and a batch of rows that are there.

    Args:
        scorers: Both.
        sizes: By file of their bundles, its bytes.
        signature: Of both.
        table: Rows to ask.
    """
    names = [field.name for field in signature.inputs]
    rows = _answerable(scorers, table.select(names))
    many = table.select(names).take(np.resize(np.arange(table.num_rows), BATCH))
    single: tuple[list[float], list[float]] = ([], [])
    whole: tuple[list[float], list[float]] = ([], [])
    for scorer in scorers:  # what is read lazily is read now
        scorer.batch(many.slice(0, 10), lenient=True)
    for _ in range(_ROUNDS):
        for at, scorer in enumerate(scorers):
            for row in rows:
                start = time.perf_counter()
                scorer.rows([row])
                single[at].append(time.perf_counter() - start)
    for _ in range(_BATCHES):
        for at, scorer in enumerate(scorers):
            start = time.perf_counter()
            scorer.batch(many, lenient=True)
            whole[at].append(time.perf_counter() - start)
    first, second = (
        Timing(
            row_ms=statistics.median(single[at]) * 1000,
            batch_ms=min(whole[at]) * 1000,
            batch=BATCH,
            bytes=_size(sizes[at], compiled=scorers[at].compiled),
        )
        for at in (0, 1)
    )
    return first, second


def _answerable(scorers: "tuple[Scorer, Scorer]", table: "pa.Table") -> list[dict[str, Any]]:
    """Return some rows as a client sends them, without those that a version refuses for a gap."""
    found = []
    for row in table.slice(0, 4 * _ROWS).to_pylist():
        sent = {name: _plain(value) for name, value in row.items() if value is not None}
        try:
            for scorer in scorers:
                scorer.rows([sent])
        except InvalidRequestError:
            continue
        found.append(sent)
    return found[:_ROWS]


def _size(sizes: Mapping[str, int], *, compiled: bool) -> int:
    """Return the bytes that a worker reads to answer."""
    spared = ("pipeline.skops", "profile.json") if compiled else ("profile.json",)
    return sum(size for name, size in sizes.items() if name not in spared)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value
