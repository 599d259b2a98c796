"""Canonical values of a whole Arrow column at once, where its type fits the field's."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keepwell.core.records import ColumnType, Field
from keepwell.features.coded import coded

if TYPE_CHECKING:
    from numpy.typing import NDArray


def decode_column(
    column: pa.ChunkedArray, field: Field, *, required: bool
) -> "NDArray[Any] | None":
    """Return the column's canonical values, or None where only a look at each value can tell.

    None is also the answer if a required value is missing, so that one place words the refusal.
    """
    if not takes(column.type, field):
        return None
    if field.type is ColumnType.DATETIME:
        values = _seconds(column)
    elif field.type in (ColumnType.CATEGORY, ColumnType.TEXT, ColumnType.IMAGE):
        return _labels(column, field, required=required)
    else:
        values = _floats(column)
    if required and bool(np.isnan(values).any()):
        return None
    return values


def takes(kind: pa.DataType, field: Field) -> bool:
    """Tell whether a column of this type can be decoded at once for a field."""
    if field.type in (ColumnType.NUMBER, ColumnType.INTEGER):
        return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))
    if field.type is ColumnType.BOOLEAN:
        return bool(pa.types.is_boolean(kind))
    if field.type is ColumnType.DATETIME:
        return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))
    return _is_text(kind)


def _is_text(kind: pa.DataType) -> bool:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(
        pa.types.is_string(value)
        or pa.types.is_large_string(value)
        or pa.types.is_string_view(value)
    )


def _floats(column: pa.ChunkedArray) -> "NDArray[np.float64]":
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    filled = column.cast(pa.float64(), safe=False).fill_null(np.nan)
    values = np.array(filled.to_numpy(), dtype=np.float64)
    values[np.isinf(values)] = np.nan
    return values


def _seconds(column: pa.ChunkedArray) -> "NDArray[np.float64]":
    zone = column.type.tz if pa.types.is_timestamp(column.type) else None
    micros = column.cast(pa.timestamp("us", tz=zone), safe=False).cast(pa.int64())
    seconds = micros.cast(pa.float64(), safe=False).fill_null(np.nan).to_numpy() / 1e6
    return np.asarray(seconds, dtype=np.float64)


def _labels(
    column: pa.ChunkedArray, field: Field, *, required: bool
) -> "NDArray[np.object_] | None":
    """Return text as objects; every label is made once and shared by its rows."""
    is_text = field.type is not ColumnType.CATEGORY
    plain = column
    if required and plain.null_count:
        return None
    encoded = (
        plain if pa.types.is_dictionary(plain.type) else pc.dictionary_encode(plain)
    ).unify_dictionaries()
    if encoded.num_chunks == 0:
        return np.empty(0, dtype=object)
    labels: list[str | None] = encoded.chunk(0).dictionary.to_pylist()
    if not is_text:
        labels = [label or None for label in labels]
        if required and None in labels:
            return None
    indices = pa.chunked_array([chunk.indices for chunk in encoded.chunks])
    codes = indices.cast(pa.int64())
    filled = codes.fill_null(len(labels)) if codes.null_count else codes
    return coded([*labels, "" if is_text else None], filled.to_numpy())
