"""Keys, times and numbers of events, the same whether they come as a table or one by one."""

import math
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import InvalidRequestError
from keepwell.core.records import ColumnType, Field
from keepwell.features.cells import RefusedValueError, cell_of, is_missing

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray


def key_text(value: Any) -> str | None:
    """Return a key as text, None if it is missing: 17, 17.0 and "17" are one key.

    >>> key_text(17), key_text(17.0), key_text("c-7"), key_text(True), key_text("")
    ('17', '17', 'c-7', 'true', None)
    """
    if is_missing(value) or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def key_codes(column: "pa.ChunkedArray") -> "NDArray[np.int64]":
    """Return the keys of rows as numbers, -1 where there is none; equal keys have equal numbers."""
    import numpy as np
    import pyarrow as pa

    coded = column.combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    known: dict[str, int] = {}
    numbers = [
        -1 if (text := key_text(value)) is None else known.setdefault(text, len(known))
        for value in coded.dictionary.to_pylist()
    ]
    indices = coded.indices.fill_null(len(numbers)).to_numpy(zero_copy_only=False)
    found: NDArray[np.int64] = np.array([*numbers, -1], dtype=np.int64)[indices]
    return found


def micros(column: "pa.ChunkedArray") -> "tuple[NDArray[np.int64], NDArray[np.bool_]]":
    """Return times in microseconds since 1970 (UTC unless they say otherwise), and which there are."""
    import numpy as np
    import pyarrow as pa

    zone = column.type.tz if pa.types.is_timestamp(column.type) else None
    ticks = column.cast(pa.timestamp("us", tz=zone), safe=False).cast(pa.int64())
    known = ticks.is_valid().to_numpy()
    return ticks.fill_null(0).to_numpy().astype(np.int64), np.asarray(known, dtype=np.bool_)


def numbers(column: "pa.ChunkedArray") -> "NDArray[np.float64]":
    """Return numbers, nan where there is none."""
    import numpy as np
    import pyarrow as pa

    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    found = column.cast(pa.float64(), safe=False).to_numpy()
    return np.where(np.isfinite(found), found + 0.0, np.nan)  # -0.0 is 0.0


def moment_of(field: Field, row: int, value: Any, now: float) -> int:
    """Return when a row of a request happened, in microseconds; now if it does not say.

    Raises:
        InvalidRequestError: If it is no time.
    """
    if is_missing(value):
        return round(now * 1_000_000)
    return round(_cell(field, row, value) * 1_000_000)


def number_of(field: Field, row: int, value: Any) -> float | None:
    """Return the number of a row of a request, None if it has none.

    Raises:
        InvalidRequestError: If it is no number.
    """
    if is_missing(value):
        return None
    found: float = _cell(field, row, value)
    return found + 0.0 if math.isfinite(found) else None


def _cell(field: Field, row: int, value: Any) -> float:
    try:
        found: float = cell_of(field)(value)
    except RefusedValueError as refusal:
        raise InvalidRequestError(
            f"column '{field.name}' of instance {row} is {value!r:.80}",
            why=f"features are calculated from it, and it {refusal}",
            now=f"send {'a time' if field.type is ColumnType.DATETIME else 'a number'} for '{field.name}'",
            details={"column": field.name, "instance": row},
        ) from None
    return found
