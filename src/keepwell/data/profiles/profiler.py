"""The profile of a table, from the summaries of its columns."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keepwell.core.records.dataset import Column, ColumnProfile, ColumnType, Profile
from keepwell.data.chunks import CHUNK_ROWS
from keepwell.data.inference.readings import Storage
from keepwell.data.profiles.numbers import NumberSummary
from keepwell.data.profiles.strings import StringSummary

_MICROSECONDS = 1e6
_TIMES = (Storage.DATETIME, Storage.INSTANT)


class Profiler:
    """Sums up chunks of rows, column by column, and gives their profile at the end."""

    def __init__(self, storages: Sequence[Storage]) -> None:
        self._storages = tuple(storages)
        self._summaries: list[NumberSummary | StringSummary] = [
            StringSummary() if storage in (Storage.STRING, Storage.BOOLEAN) else NumberSummary()
            for storage in storages
        ]

    def add(self, batch: Any) -> None:
        """Take a record batch whose columns are stored as was said."""
        for storage, summary, array in zip(
            self._storages, self._summaries, batch.columns, strict=True
        ):
            if isinstance(summary, StringSummary):
                summary.add(array.cast(pa.string()) if storage is Storage.BOOLEAN else array)
            else:
                summary.add(_numbers(array, storage), array.null_count)

    def summary(self, place: int) -> NumberSummary | StringSummary:
        """Return what is known of the column at a place."""
        return self._summaries[place]

    def profile(self, columns: Sequence[Column]) -> Profile:
        """Return the profile of what was taken so far."""
        rows = self._summaries[0].rows if self._summaries else 0
        return Profile(
            rows=rows,
            columns=tuple(
                _column_profile(column, summary)
                for column, summary in zip(columns, self._summaries, strict=True)
            ),
        )


def profile_table(data: Any, columns: Sequence[Column]) -> Profile:
    """Return the profile of a `pyarrow` table or dataset; only `columns` are looked at.

    Each column is summed up as its type says, whatever its Arrow type: a category of whole numbers is
    counted, not averaged.
    """
    storages = [_storage(column.type, data.schema.field(column.name).type) for column in columns]
    profiler = Profiler(storages)
    for batch in _pieces(data, [column.name for column in columns]):
        arrays = [
            _stored(array, storage) for array, storage in zip(batch.columns, storages, strict=True)
        ]
        profiler.add(
            pa.RecordBatch.from_arrays(arrays, [str(place) for place in range(len(arrays))])
        )
    return profiler.profile(columns)


def _storage(kind: ColumnType, arrow: Any) -> Storage:
    if kind is ColumnType.NUMBER:
        return Storage.NUMBER
    if kind is ColumnType.DATETIME:
        return Storage.DATETIME
    if kind is ColumnType.INTEGER or (kind is ColumnType.IDENTIFIER and pa.types.is_integer(arrow)):
        return Storage.INTEGER
    return Storage.BOOLEAN if kind is ColumnType.BOOLEAN else Storage.STRING


def _stored(array: Any, storage: Storage) -> Any:
    if storage in _TIMES and pa.types.is_floating(array.type):
        ticks = pc.round(pc.multiply(array, _MICROSECONDS))  # Unix seconds, as a model takes them
        return ticks.cast(pa.int64(), safe=False).cast(pa.timestamp("us"))
    if storage in _TIMES and not pa.types.is_string(array.type):
        return array.cast(pa.timestamp("us", getattr(array.type, "tz", None)), safe=False)
    wanted = {
        Storage.NUMBER: pa.float64(),
        Storage.INTEGER: pa.int64(),
        Storage.BOOLEAN: pa.bool_(),
        Storage.STRING: pa.string(),
    }.get(storage, pa.timestamp("us"))
    return array if array.type == wanted else array.cast(wanted)


def _pieces(data: Any, names: list[str]) -> Iterator[Any]:
    if isinstance(data, pa.Table):
        table = data.select(names)
        for start in range(0, table.num_rows, CHUNK_ROWS):
            yield from table.slice(start, CHUNK_ROWS).combine_chunks().to_batches()
        return
    waiting: list[Any] = []
    for batch in data.to_batches(columns=names, batch_size=CHUNK_ROWS):
        waiting.append(batch)
        if sum(item.num_rows for item in waiting) >= CHUNK_ROWS:
            yield from pa.Table.from_batches(waiting).combine_chunks().to_batches()
            waiting = []
    if waiting:
        yield from pa.Table.from_batches(waiting).combine_chunks().to_batches()


def _numbers(array: Any, storage: Storage) -> Any:
    present = array.drop_null() if array.null_count else array
    if storage in _TIMES:
        present = present.cast(pa.int64())
    values = present.to_numpy(zero_copy_only=False)
    return values / _MICROSECONDS if storage in _TIMES else np.ascontiguousarray(values)


def _column_profile(column: Column, summary: NumberSummary | StringSummary) -> ColumnProfile:
    counted = column.type in (ColumnType.CATEGORY, ColumnType.BOOLEAN)
    if isinstance(summary, StringSummary):
        top = summary.top() if counted else ()
        return ColumnProfile(
            name=column.name,
            type=column.type,
            rows=summary.rows,
            missing=summary.missing,
            distinct=summary.distinct(),
            top=top,
            other=summary.values - sum(count for _, count in top) if counted else 0,
        )
    mean, deviation = summary.moments()
    low, high = summary.extremes()
    quantiles, bars, bins = summary.shape(whole=column.type is ColumnType.INTEGER)
    return ColumnProfile(
        name=column.name,
        type=column.type,
        rows=summary.rows,
        missing=summary.missing,
        infinite=summary.infinite,
        distinct=summary.distinct(),
        mean=mean,
        std=deviation,
        minimum=low,
        maximum=high,
        quantiles=quantiles,
        histogram=bars,
        bins=bins,
    )
