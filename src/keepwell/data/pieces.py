"""Rows of a dataset in pieces: no more of it is in memory than what is kept, and one piece."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

PIECE_ROWS = 16_384
_LOOKED_AT = 2_000  # rows that are weighed


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What a row takes, in bytes: as it is stored in memory, and as a frame of Python's own objects."""

    stored: float
    framed: float


def pieces(dataset: Any, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a `pyarrow` dataset in order, a few at a time."""
    scanner = dataset.scanner(
        columns=list(columns),
        batch_size=PIECE_ROWS,
        batch_readahead=1,
        fragment_readahead=1,
        use_threads=False,
    )
    yield from scanner.to_batches()


def sampled(
    dataset: Any, columns: Sequence[str], share: float, seed: int
) -> "tuple[pa.Table, NDArray[np.int64]]":
    """Return a random part of the rows, in order, and their positions.

    Args:
        dataset: A `pyarrow` dataset.
        columns: Which columns.
        share: How much of it; each row has the same chance.
        seed: The same seed draws the same rows, in pieces of any size.
    """
    random = np.random.default_rng(seed)
    found: list[pa.RecordBatch] = []
    positions: list[NDArray[np.int64]] = []
    start = 0
    for piece in pieces(dataset, columns):
        kept = np.flatnonzero(random.random(piece.num_rows) < share)
        if len(kept):
            found.append(piece.take(pa.array(kept)))  # a copy: the piece itself can go
            positions.append(kept + start)
        start += piece.num_rows
    schema = pa.schema([dataset.schema.field(name) for name in columns])
    places = np.concatenate(positions) if positions else np.empty(0, dtype=np.int64)
    return pa.Table.from_batches(found, schema), places


def taken(dataset: Any, columns: Sequence[str], rows: "NDArray[np.int64]") -> pa.Table:
    """Return the rows at these positions, in the order of the positions.

    Raises:
        IndexError: If there is no such row.
    """
    wanted, back = np.unique(np.asarray(rows, dtype=np.int64), return_inverse=True)
    found: list[pa.RecordBatch] = []
    start = at = 0
    for piece in pieces(dataset, columns):
        end = int(np.searchsorted(wanted, start + piece.num_rows))
        if end > at:
            found.append(piece.take(pa.array(wanted[at:end] - start)))
        start, at = start + piece.num_rows, end
        if at == len(wanted):
            break
    if at < len(wanted):
        raise IndexError(f"there are {start:,} rows, and row {int(wanted[-1]):,} was asked for")
    schema = pa.schema([dataset.schema.field(name) for name in columns])
    table = pa.Table.from_batches(found, schema)
    return table if np.array_equal(back, np.arange(len(back))) else table.take(pa.array(back))


def weighed(dataset: Any, columns: Sequence[str]) -> Weight:
    """Return what a row takes, as told by the first ones; nothing where there are none."""
    piece = next(pieces(dataset, columns), None)
    if piece is None or not piece.num_rows:
        return Weight(stored=0.0, framed=0.0)
    looked = piece.slice(0, _LOOKED_AT)
    copied = looked.take(pa.array(np.arange(looked.num_rows)))
    framed = sum(_objects(column) for column in copied.columns)
    return Weight(stored=copied.nbytes / copied.num_rows, framed=framed / copied.num_rows)


def _objects(column: pa.Array) -> float:
    """Return the bytes of a column in a frame: a number takes 8, a text is an object of its own."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return 8.0 * len(column) + sum(map(sys.getsizeof, column.to_pylist()))
    return 8.0 * len(column)
