"""Rows that come from elsewhere than a file, added to a dataset as a new version."""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from keepwell.core.errors import InvalidDataError
from keepwell.core.records.dataset import Column, ColumnType, DatasetVersion
from keepwell.core.suggestions import did_you_mean
from keepwell.data.chunks import ARROW, chunk_rows, cut_chunks, digest
from keepwell.data.drafts import Draft, evidence_of
from keepwell.data.inference import decide
from keepwell.data.inference.readings import Storage
from keepwell.data.profiles import Profiler
from keepwell.data.staging import Staging

_STORAGES = {arrow: storage for storage, arrow in ARROW.items()}
_BY_TYPE = {
    ColumnType.NUMBER: Storage.NUMBER,
    ColumnType.INTEGER: Storage.INTEGER,
    ColumnType.BOOLEAN: Storage.BOOLEAN,
    ColumnType.DATETIME: Storage.DATETIME,
}


def draft_appended(
    rows: Any,
    previous: DatasetVersion | None,
    before: Any,
    columns: Sequence[Column],
    staging: Staging,
) -> Draft:
    """Return the draft of a version of the previous rows (a dataset, None if none) and these.

    Chunks that are full stay as they are and the last one is filled up, so that the same rows have the
    same digest however they came.

    Raises:
        InvalidDataError: If a column is unknown, or its values are not of the dataset's type.
    """
    known = previous.columns if previous else tuple(columns)
    names = [column.name for column in known] or list(rows.column_names)
    kinds = (
        [field.type for field in before.schema]
        if before is not None
        else [ARROW[storage] for storage in _storages(rows, names, known)]
    )
    schema = pa.schema([(f"c{place}", kind) for place, kind in enumerate(kinds)])
    new = _fitted(rows, names, schema)
    profiler = Profiler([_STORAGES[kind] for kind in kinds])
    full = previous.rows // chunk_rows(len(names)) if previous else 0
    digests = list(previous.chunks[:full]) if previous else []
    staging.skip(full)
    count = 0
    for number, chunk in enumerate(cut_chunks(_all(before, new, schema), schema)):
        profiler.add(chunk)
        count += chunk.num_rows
        if number >= full:
            staging.add(chunk)
            digests.append(digest(chunk, names))
    decided = tuple(
        _column(name, place, known[place] if known else None, profiler, _STORAGES[kinds[place]])
        for place, name in enumerate(names)
    )
    return Draft(
        columns=decided,
        schema=schema,
        rows=count,
        chunks=tuple(digests),
        profile=profiler.profile(decided),
        contract=previous.contract if previous else "",
    )


def _all(before: Any, new: Any, schema: Any) -> Iterator[Any]:
    if before is not None:
        for batch in before.to_batches():
            yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)
    yield from new.to_batches()


def _storages(rows: Any, names: Sequence[str], known: Sequence[Column]) -> Iterator[Storage]:
    """Yield how each column is to be kept: by its type if that is known, else by its Arrow type."""
    types: list[ColumnType | None] = [column.type for column in known]
    types = types or [None] * len(names)
    for name, kind in zip(names, types, strict=True):
        arrow = rows.schema.field(name).type if name in rows.column_names else pa.null()
        if kind is None or kind is ColumnType.IDENTIFIER:
            yield _by_arrow(arrow)
        elif kind is ColumnType.DATETIME and getattr(arrow, "tz", None):
            yield Storage.INSTANT
        else:
            yield _BY_TYPE.get(kind, Storage.STRING)


def _by_arrow(arrow: Any) -> Storage:
    types = pa.types
    if types.is_boolean(arrow):
        return Storage.BOOLEAN
    if types.is_integer(arrow):
        return Storage.INTEGER
    if types.is_floating(arrow) or types.is_decimal(arrow):
        return Storage.NUMBER
    if types.is_timestamp(arrow) or types.is_date(arrow):
        return Storage.INSTANT if getattr(arrow, "tz", None) else Storage.DATETIME
    return Storage.STRING


def _fitted(rows: Any, names: Sequence[str], schema: Any) -> Any:
    """Return the rows with the dataset's columns and types; columns that they lack are missing."""
    unknown = [name for name in rows.column_names if name not in names]
    if unknown:
        raise InvalidDataError(
            f"the rows have a column '{unknown[0]}', which the dataset does not have",
            why=f"its columns are {', '.join(names[:10])}",
            now=did_you_mean(unknown[0], names) or "leave it out",
            details={"unknown": unknown},
        )
    arrays = []
    for name, field in zip(names, schema, strict=True):
        if name not in rows.column_names:
            arrays.append(pa.nulls(rows.num_rows, field.type))
            continue
        try:
            arrays.append(rows.column(name).cast(field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise InvalidDataError(
                f"the values of '{name}' do not fit the dataset",
                why=str(error).splitlines()[0],
                now=f"make them {field.type}, as in its other rows",
                details={"column": name},
            ) from error
    return pa.Table.from_arrays(arrays, schema=schema)


def _column(
    name: str, place: int, known: Column | None, profiler: Profiler, storage: Storage
) -> Column:
    summary = profiler.summary(place)
    if known is not None:
        kind, reason = known.type, known.reason
    else:
        kind, reason = decide(name, storage, evidence_of(summary))
    return Column(name=name, type=kind, nullable=summary.missing > 0, reason=reason)
