"""Rows in chunks: the unit that is read, digested and stored once.

Rows are cut, in the source's order, after a fixed number of rows, so the same rows give the same chunks
wherever they come from. A chunk's digest is over its values, not over the bytes of some file.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keepwell.data.inference.readings import Storage

CHUNK_ROWS = 262_144
_CELLS = 1 << 24  # of a chunk, at most: tables with more than 64 columns have shorter chunks
_FEWEST = 1024

ARROW = {
    Storage.BOOLEAN: pa.bool_(),
    Storage.INTEGER: pa.int64(),
    Storage.NUMBER: pa.float64(),
    Storage.DATETIME: pa.timestamp("us"),
    Storage.INSTANT: pa.timestamp("us", "UTC"),
    Storage.STRING: pa.string(),
}
"""The Arrow type of each storage."""

_INFINITE_TIMES = (2**63 - 2, -(2**63) + 3)  # from here on DuckDB means infinity


def chunk_rows(columns: int) -> int:
    """Return how many rows a chunk of so many columns has; a power of two.

    >>> chunk_rows(12), chunk_rows(5000)
    (262144, 2048)
    """
    rows = CHUNK_ROWS
    while rows > _FEWEST and rows * columns > _CELLS:
        rows //= 2
    return rows


def cut_chunks(batches: Iterable[Any], schema: Any) -> Iterator[Any]:
    """Yield record batches of exactly one chunk each (the last may be shorter), values in order."""
    size = chunk_rows(len(schema))
    waiting: list[Any] = []
    rows = 0
    for batch in batches:
        waiting.append(batch)
        rows += batch.num_rows
        while rows >= size:
            table = pa.Table.from_batches(waiting)
            yield tidy(table.slice(0, size), schema)
            rest = table.slice(size)
            waiting, rows = rest.to_batches(), rest.num_rows
    if rows:
        yield tidy(pa.Table.from_batches(waiting), schema)


def tidy(table: Any, schema: Any) -> Any:
    """Return a table as one record batch of a schema; NaN and infinite times become missing."""
    arrays = []
    for column, field in zip(table.columns, schema, strict=True):
        array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        if isinstance(array, pa.ChunkedArray):
            array = pa.concat_arrays(array.chunks)
        arrays.append(_without_nonvalues(array.cast(field.type)))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _without_nonvalues(array: Any) -> Any:
    if pa.types.is_floating(array.type):
        nan = pc.is_nan(array)
        return pc.if_else(nan, None, array) if pc.any(nan).as_py() else array
    if pa.types.is_timestamp(array.type) and len(array) > array.null_count:
        ticks = array.cast(pa.int64())
        ends = pc.min_max(ticks).as_py()
        high, low = _INFINITE_TIMES
        if ends["max"] >= high or ends["min"] <= low:
            infinite = pc.or_(pc.greater_equal(ticks, high), pc.less_equal(ticks, low))
            return pc.if_else(infinite, pa.scalar(None, array.type), array)
    return array


def digest(batch: Any, names: Sequence[str]) -> str:
    """Return the SHA-256 of a chunk: its columns' names and types and all of its values."""
    whole = hashlib.sha256()
    for name, array in zip(names, batch.columns, strict=True):
        head = f"{len(name.encode())}:{name}:{array.type}:{len(array)}:{array.null_count}:"
        whole.update(head.encode())
        for part in _parts(array):
            whole.update(part)
    return whole.hexdigest()


def _parts(array: Any) -> Iterator[Any]:
    """Yield the bytes of an array's values; what lies under a missing value does not count."""
    if array.null_count:
        yield np.packbits(array.is_valid().to_numpy(zero_copy_only=False)).data
        zero = "" if pa.types.is_string(array.type) else pa.scalar(0).cast(array.type)
        array = array.fill_null(zero)
    if pa.types.is_string(array.type):
        _, offsets, data = array.buffers()
        ends = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
        yield (ends - ends[0]).data
        if data is not None:
            yield memoryview(data)[int(ends[0]) : int(ends[-1])]
    elif pa.types.is_boolean(array.type):
        yield np.packbits(array.to_numpy(zero_copy_only=False)).data
    else:
        width = array.type.bit_width // 8
        yield memoryview(array.buffers()[1])[
            array.offset * width : (array.offset + len(array)) * width
        ]
