"""Data of known drift, drawn in pieces, so that tens of millions of rows never lie in memory at once."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from keepwell.core.records import Column, ColumnType

PIECE = 100_000
LABELS = ("north", "south", "east", "west")
SHARES = np.asarray([0.4, 0.3, 0.2, 0.1])


def columns(count: int) -> list[Column]:
    """Return so many columns: of five, three are numbers and two are labels."""
    return [
        Column(name=f"n{at}", type=ColumnType.NUMBER)
        if at % 5 < 3
        else Column(name=f"c{at}", type=ColumnType.CATEGORY)
        for at in range(count)
    ]


def drifting(count: int) -> list[str]:
    """Return the names of the columns that drift, of so many: the first of ten, numbers and labels."""
    return [column.name for column in columns(count)][: max(count // 10, 1)]


def piece(count: int, rows: int, seed: int, shift: float = 0.0) -> pa.Table:
    """Draw rows; `shift` moves the drifting columns by that many standard deviations."""
    random = np.random.default_rng(seed)
    moved = set(drifting(count)) if shift else set()
    drawn: dict[str, object] = {}
    for at, column in enumerate(columns(count)):
        if column.type is ColumnType.NUMBER:
            draw = (random.standard_normal, random.standard_exponential, random.standard_normal)[
                at % 3
            ]
            drawn[column.name] = draw(rows) + (shift if column.name in moved else 0.0)
        else:
            lean = np.asarray([-0.5, 0.0, 0.0, 0.5]) * 0.7 * shift
            shares = SHARES + (lean if column.name in moved else 0.0)
            codes = random.choice(4, rows, p=shares).astype(np.int32)
            drawn[column.name] = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(LABELS))
    return pa.table(drawn)


def write(path: Path, count: int, rows: int, seed: int, shift: float = 0.0) -> None:
    """Write rows to a Parquet file, a piece at a time, unless it is there already."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with pq.ParquetWriter(part, piece(count, 1, 0).schema) as writer:
        for place, size in enumerate(sizes(rows)):
            writer.write_table(piece(count, size, seed * 100_003 + place, shift))
    part.rename(path)


def sizes(rows: int) -> Iterator[int]:
    """Yield the sizes of the pieces of so many rows."""
    while rows > 0:
        yield min(rows, PIECE)
        rows -= PIECE
