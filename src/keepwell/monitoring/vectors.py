"""Embeddings: lists of numbers, always as many, as JSON texts and as the rows of a matrix.

>>> import pyarrow as pa
>>> read_vectors(pa.array(["[1, 2]", None, "[3, 4]"]), 2)
array([[1., 2.],
       [3., 4.]])
"""

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keepwell.data.profiles.strings import NUMBERS

if TYPE_CHECKING:
    from numpy.typing import NDArray


def kept_lists(texts: Any, width: int) -> tuple[pa.Array, int]:
    """Return JSON texts with null for what is no list of `width` numbers, and how many values those were."""
    texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    told = pc.and_(
        pc.match_substring_regex(texts, NUMBERS),
        pc.equal(pc.count_substring(texts, ","), width - 1),
    )
    kept = pc.if_else(pc.fill_null(told, False), texts, pa.scalar(None, pa.string()))
    return kept, kept.null_count - texts.null_count


def width_of(column: Any) -> int | None:
    """Return how many numbers each list of a column holds; None if there is no such number.

    A column of texts that are such lists in JSON counts, too: CSV has no other way to say them.
    """
    kind = column.type
    if is_list(kind):
        lists = column.drop_null()
        lengths = pc.unique(pc.list_value_length(lists)).to_pylist()
        gaps = sum(pc.list_flatten(chunk).null_count for chunk in _chunks(lists))
        return lengths[0] if len(lengths) == 1 and lengths[0] and not gaps else None
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return None
    texts = column.drop_null()
    if not len(texts) or not pc.all(pc.match_substring_regex(texts, NUMBERS)).as_py():
        return None
    widths = pc.unique(pc.count_substring(texts, ",")).to_pylist()
    return widths[0] + 1 if len(widths) == 1 else None


def is_list(kind: pa.DataType) -> bool:
    """Tell whether Arrow stores lists of numbers by this type."""
    listed = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(one(kind) for one in listed) and (
        pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)
    )


def read_vectors(column: Any, width: int) -> "NDArray[np.float64]":
    """Return the rows that are there as a matrix: of JSON texts, or of Arrow's lists."""
    present = column.drop_null()
    if is_list(present.type):
        flat = [pc.list_flatten(chunk).to_numpy(zero_copy_only=False) for chunk in _chunks(present)]
        values = np.concatenate(flat) if flat else np.empty(0)
        return np.asarray(values, np.float64).reshape(-1, width)
    decode = msgspec.json.Decoder(list[float]).decode
    rows = [decode(text) for text in present.to_pylist()]
    return np.asarray(rows, np.float64).reshape(-1, width)


def _chunks(column: Any) -> Any:
    return column.chunks if isinstance(column, pa.ChunkedArray) else [column]
