"""Whether rows fit a table. Delta would quietly turn 1 into '1' and 1.5 into 1; we do not."""

from collections.abc import Callable

import pyarrow as pa
from pyarrow import types

from keepwell.core.errors import InvalidDataError
from keepwell.core.suggestions import did_you_mean

_FAMILIES: tuple[Callable[[pa.DataType], bool], ...] = (
    lambda kind: types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind),
    types.is_integer,
    lambda kind: types.is_floating(kind) or types.is_decimal(kind),
    lambda kind: types.is_binary(kind) or types.is_large_binary(kind),
    types.is_timestamp,
    types.is_date,
    types.is_nested,
)


def check(table: str, schema: pa.Schema, rows: pa.Schema, *, widen: bool = False) -> None:
    """Hold the columns of `rows` against the table's; with `widen` they may bring new ones.

    Raises:
        InvalidDataError: If a column is missing, is unknown or is of another family of types.
    """
    missing = [name for name in schema.names if name not in rows.names]
    unknown = [name for name in rows.names if name not in schema.names and not widen]
    if missing or unknown:
        hint = did_you_mean(unknown[0], missing) if unknown and missing else ""
        raise InvalidDataError(
            f"the rows do not fit the table '{table}'",
            why="; ".join(
                f"{label} {', '.join(map(repr, names))}"
                for label, names in (("they lack", missing), ("the table has no", unknown))
                if names
            ),
            now=hint or "give them the table's columns",
            details={"missing": missing, "unknown": unknown},
        )
    for field in rows:
        if field.name not in schema.names:
            continue
        expected = schema.field(field.name).type
        if not _alike(expected, field.type):
            raise InvalidDataError(
                f"the rows do not fit the table '{table}'",
                why=f"its column '{field.name}' is {expected}, theirs is {field.type}",
                now=f"cast '{field.name}' to {expected}",
                details={"column": field.name},
            )


def _alike(expected: pa.DataType, given: pa.DataType) -> bool:
    if types.is_dictionary(given):
        return _alike(expected, given.value_type)
    if expected == given or types.is_null(given):
        return True
    if types.is_timestamp(expected) and types.is_timestamp(given):
        return bool((expected.tz is None) == (given.tz is None))
    if types.is_floating(expected) and types.is_integer(given):
        return True
    return any(family(expected) and family(given) for family in _FAMILIES)
