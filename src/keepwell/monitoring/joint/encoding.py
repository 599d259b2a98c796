"""Columns of any type as a matrix that trees can split: for telling rows apart, not for predicting."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LABELS = 12
"""Of a column of labels, the most frequent ones have a column of the matrix each."""

_DISTINCT = 0.3  # share of rows from which on labels are names, which tell nothing


def encode(columns: Mapping[str, Any]) -> "tuple[NDArray[np.float64], list[str]]":
    """Return a matrix, missing numbers as the median, and the name of each of its columns.

    A column of labels gives columns named `plan = fiber`; one of texts, names or dates none.
    """
    parts: list[NDArray[np.float64]] = []
    names: list[str] = []
    rows = 0
    for name, given in columns.items():
        column = given.combine_chunks() if isinstance(given, pa.ChunkedArray) else given
        rows = len(column)
        if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
            parts.append(_numbers(column))
            names.append(name)
            continue
        if pa.types.is_dictionary(column.type):
            column = column.cast(pa.string())
        elif not pa.types.is_string(column.type):
            continue
        coded = column.dictionary_encode()
        if len(coded.dictionary) > max(_DISTINCT * rows, _LABELS):
            continue
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        counts = np.bincount(codes[codes >= 0], minlength=len(coded.dictionary))
        for place in np.argsort(-counts, kind="stable")[:_LABELS]:
            parts.append((codes == place).astype(np.float64))
            names.append(f"{name} = {coded.dictionary[int(place)].as_py()}")
    matrix = np.column_stack(parts) if parts else np.empty((rows, 0))
    return matrix, names


def _numbers(column: Any) -> "NDArray[np.float64]":
    values: NDArray[np.float64] = (
        column.cast(pa.float64(), safe=False).fill_null(np.nan).to_numpy(zero_copy_only=False)
    )
    present = np.isfinite(values)
    if present.all():
        return np.clip(values, -1e30, 1e30)
    middle = float(np.median(values[present])) if present.any() else 0.0
    return np.clip(np.where(present, values, middle), -1e30, 1e30)
