"""The parts that one column divides rows into: its values, or stretches of its numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.records import ColumnType, Field

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]

_CUTS = (20, 40, 60, 80)  # percent
_FEW_VALUES = 6
_MOST_LABELS = 12
_MOST_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Rows of which one thing about one column is true.

    Attributes:
        column: The column.
        words: What is true of it: `is below 6`.
        rows: By row, whether it holds.
    """

    column: str
    words: str
    rows: "Flags"


def conditions(field: Field, values: "NDArray[Any]") -> Iterator[Condition]:
    """Yield the parts that a column's canonical values make."""
    if field.type is ColumnType.TEXT:
        yield Condition(column=field.name, words="is empty", rows=values == "")
    elif values.dtype.kind == "f":
        yield from _of_numbers(field, values)
    else:
        yield from _of_labels(field, values)


def _of_labels(field: Field, values: "NDArray[Any]") -> Iterator[Condition]:
    missing = np.array([value is None for value in values], dtype=bool)
    labels, counts = np.unique(values[~missing].astype(str), return_counts=True)
    texts = np.array([None if value is None else str(value) for value in values], dtype=object)
    for label in labels[np.argsort(-counts, kind="stable")][:_MOST_LABELS]:
        yield Condition(column=field.name, words=f"is {label}", rows=texts == label)
    yield Condition(column=field.name, words="is missing", rows=missing)


def _of_numbers(field: Field, values: "NDArray[np.float64]") -> Iterator[Condition]:
    missing = np.isnan(values)
    present = values[~missing]
    yield Condition(column=field.name, words="is missing", rows=missing)
    distinct = np.unique(present)
    if field.type is ColumnType.BOOLEAN or len(distinct) <= _FEW_VALUES:
        for value in distinct:
            words = f"is {_said(field, float(value))}"
            yield Condition(column=field.name, words=words, rows=values == value)
        return
    cuts = _cuts(present, whole=field.type is ColumnType.INTEGER)
    for low, high in zip([None, *cuts], [*cuts, None], strict=True):
        rows = ~missing
        if low is not None:
            rows = rows & (values >= low)
        if high is not None:
            rows = rows & (values < high)
        yield Condition(column=field.name, words=_stretch(field, low, high), rows=rows)


def _cuts(present: "NDArray[np.float64]", *, whole: bool) -> list[float]:
    """Return cuts at fifths of the rows, with no more digits than keep them apart."""
    exact = np.unique(np.percentile(present, _CUTS))
    if whole:
        return sorted({float(np.ceil(cut)) for cut in exact} - {float(present.min())})
    for digits in range(2, _MOST_DIGITS):
        rounded = sorted({float(f"{cut:.{digits}g}") for cut in exact})
        if len(rounded) == len(exact):
            return rounded
    return [float(cut) for cut in exact]


def _stretch(field: Field, low: float | None, high: float | None) -> str:
    if low is None and high is not None:
        return f"is below {_said(field, high)}"
    if high is None and low is not None:
        return f"is {_said(field, low)} or more"
    if low is not None and high is not None:
        return f"is from {_said(field, low)} to below {_said(field, high)}"
    return "is known"


def _said(field: Field, value: float) -> str:
    if field.type is ColumnType.BOOLEAN:
        return "true" if value else "false"
    if field.type is ColumnType.DATETIME:
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d")
    return f"{value:,.0f}" if value == round(value) else f"{value:g}"
