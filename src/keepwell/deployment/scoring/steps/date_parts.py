"""`DateParts`: calendar parts of points in time."""

import math
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.fusion import Code, Item
from keepwell.deployment.scoring.parts import Columns, Data
from keepwell.features.calendar import calendar_parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DAY = 86400
_EPOCH = date(1970, 1, 1).toordinal()
_FIRST, _LAST = date.min.toordinal(), date.max.toordinal()


class CalendarParts:
    """Splits Unix seconds into the kept calendar parts.

    Args:
        parts: Names of the kept parts, by column.
    """

    def __init__(self, *, parts: list[list[str]]) -> None:
        self._parts = parts

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read which parts are kept."""
        return {"parts": [list(kept) for kept in fitted.parts_]}

    def row(self, values: list[Any]) -> list[Any]:
        """Split one row."""
        result: list[float] = []
        for value, kept in zip(values, self._parts, strict=True):
            result += _split(value, kept)
        return result

    def emit(self, code: Code, columns: list[str]) -> list[Item]:
        """Write one call a column."""
        split = code.constant(_split)
        return [
            Item(f"*{split}({column}, {code.constant(kept)})", len(kept))
            for column, kept in zip(columns, self._parts, strict=True)
        ]

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Split rows."""
        pairs = zip(columns, self._parts, strict=True)
        return np.hstack([calendar_parts(column, kept) for column, kept in pairs])


def _split(seconds: float, kept: list[str]) -> list[float]:
    if not math.isfinite(seconds):
        return [math.nan] * len(kept)
    days, second = divmod(math.floor(seconds), _DAY)
    ordinal = days + _EPOCH
    if not _FIRST <= ordinal <= _LAST:  # beyond what `date` can say
        beyond: list[float] = calendar_parts(np.array([seconds]), kept)[0].tolist()
        return beyond
    day = date.fromordinal(ordinal)
    parts = {
        "year": day.year,
        "month": day.month,
        "day": day.day,
        "weekday": (ordinal + 6) % 7,
        "yearday": ordinal - date(day.year, 1, 1).toordinal() + 1,
        "hour": second // 3600,
        "minute": second // 60 % 60,
    }
    return [float(parts[name]) for name in kept]
