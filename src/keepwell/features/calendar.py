"""Calendar parts of points in time, from Unix seconds. NumPy only: the scorer uses it as it is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DAY = 86400
PARTS = ("year", "month", "day", "weekday", "yearday", "hour", "minute")


def calendar_parts(
    seconds: "NDArray[np.float64]", parts: Sequence[str] = PARTS
) -> "NDArray[np.float64]":
    """Return one column per part (months and days from 1, Monday is 0, UTC); nan where nan came in.

    `[0.0]` with `("year", "weekday", "hour")` gives `[[1970.0, 3.0, 0.0]]`.
    """
    known = np.isfinite(seconds)
    whole = np.where(known, np.floor(seconds), 0.0)
    with np.errstate(invalid="ignore"):  # far beyond any calendar: nonsense in, nonsense out
        days = np.floor_divide(whole, _DAY).astype(np.int64)
        rest = (whole - days * float(_DAY)).astype(np.int64)
    first = int(days.min(initial=0))
    span = int(days.max(initial=0)) - first + 1
    result = np.empty((len(seconds), len(parts)))
    for position, part in enumerate(parts):
        if part == "hour":
            values = rest // 3600
        elif part == "minute":
            values = rest // 60 % 60
        elif span <= len(days):  # few days, many rows: each day is looked up in the calendar once
            values = _part(np.arange(first, first + span), part)[days - first]
        else:
            values = _part(days, part)
        result[:, position] = np.where(known, values, np.nan)
    return result


def _part(numbers: "NDArray[np.int64]", part: str) -> "NDArray[np.int64]":
    """Return one part of days that are told by their number since 1970."""
    if part == "weekday":
        return np.asarray((numbers + 3) % 7)  # 1970-01-01 was a Thursday
    days = numbers.astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    if part == "month":
        return np.asarray(months.astype(np.int64) % 12 + 1)
    if part == "day":
        return np.asarray((days - months).astype(np.int64) + 1)
    years = days.astype("datetime64[Y]")
    if part == "yearday":
        return np.asarray((days - years.astype("datetime64[D]")).astype(np.int64) + 1)
    return np.asarray(years.astype(np.int64) + 1970)
