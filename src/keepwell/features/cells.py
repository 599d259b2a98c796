"""Canonical values, one cell at a time: what each column type accepts, and what becomes of it.

| type | accepted | canonical |
|---|---|---|
| number, integer | a number | float; missing or infinite: nan |
| boolean | true, false, 1, 0 | 1.0, 0.0; missing: nan |
| category | text; a number or boolean where training saw such labels | str; missing or empty: None |
| text | text | str; missing: "" |
| image | a picture file in base64 | str; missing: "" |
| datetime | ISO 8601 text, a date or datetime (UTC if it says nothing) | Unix seconds; missing: nan |

Text is never taken for a number, nor a number for a date: both hide mistakes.
"""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from numbers import Real
from typing import Any

from keepwell.core.records import ColumnType, Field

Cell = Callable[[Any], Any]

NAN = math.nan
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class RefusedValueError(Exception):
    """A value is not of the column's type; the message says what the column takes."""


def is_missing(value: Any) -> bool:
    """Tell whether a value stands for none: None, NaN, NaT."""
    if value is None:
        return True
    return isinstance(value, float | datetime) and not value == value  # noqa: SIM201, PLR0124


def _number(value: Any) -> float:
    kind = type(value)
    if kind is float:
        return value if math.isfinite(value) else NAN
    if kind is bool or not isinstance(value, Real | Decimal):
        raise RefusedValueError("takes a number")
    number = _as_float(value)
    return number if math.isfinite(number) else NAN


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer beyond 1.8e308 is as good as infinite
        return math.inf


def _boolean(value: Any) -> float:
    if isinstance(value, bool) or (isinstance(value, Real) and value in (0, 1)):
        return float(value)
    raise RefusedValueError("takes true or false")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise RefusedValueError("takes text")


def _image(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise RefusedValueError("takes a picture file in base64")


def _datetime(value: Any) -> float:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            value = None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        raise RefusedValueError("takes a date or time such as '2026-01-31T12:00:00Z'")
    aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    return ((aware - _EPOCH) // _MICROSECOND) / 1e6


def _category(field: Field) -> Cell:
    # A label such as "3" is often written 3 by whoever sends JSON: the label it equals is meant.
    by_number = _labels_by_number(field.categories)
    by_boolean = {label.lower(): label for label in field.categories}
    allows_booleans = bool(by_boolean) and by_boolean.keys() <= {"true", "false"}

    def category(value: Any) -> str | None:
        if isinstance(value, str):
            return value or None
        if isinstance(value, bool) or type(value).__name__ == "bool_":
            if allows_booleans:
                word = "true" if value else "false"
                return by_boolean.get(word, word)
        elif isinstance(value, Real | Decimal) and by_number:
            number = _as_float(value)
            return by_number.get(number) or f"{number:.15g}"
        raise RefusedValueError("takes text")

    return category


def _labels_by_number(labels: tuple[str, ...]) -> dict[float, str]:
    try:
        return {float(label): label for label in reversed(labels)}
    except ValueError:
        return {}


_CELLS: dict[ColumnType, Cell] = {
    ColumnType.NUMBER: _number,
    ColumnType.INTEGER: _number,
    ColumnType.BOOLEAN: _boolean,
    ColumnType.TEXT: _text,
    ColumnType.IMAGE: _image,
    ColumnType.DATETIME: _datetime,
}


def cell_of(field: Field) -> Cell:
    """Return the function that turns a present value of `field` into its canonical form.

    It raises `RefusedValueError` for a value of another type; missing values are not handed to it.
    """
    return _category(field) if field.type is ColumnType.CATEGORY else _CELLS[field.type]


def missing_of(field: Field) -> float | str | None:
    """Return what a missing value of `field` becomes."""
    if field.type is ColumnType.CATEGORY:
        return None
    return "" if field.type in (ColumnType.TEXT, ColumnType.IMAGE) else NAN
