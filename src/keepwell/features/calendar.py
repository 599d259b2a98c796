"""Calendar parts of points in time, from Unix seconds. NumPy only: the scorer uses it as it is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PARTS = ("year", "month", "day", "weekday", "yearday", "hour", "minute")


def calendar_parts(
    seconds: "NDArray[np.float64]", parts: Sequence[str] = PARTS
) -> "NDArray[np.float64]":
    """Return one column per part (months and days from 1, Monday is 0, UTC); nan where nan came in.

    `[0.0]` with `("year", "weekday", "hour")` gives `[[1970.0, 3.0, 0.0]]`.
    """
    known = np.isfinite(seconds)
    stamps = np.where(known, np.floor(seconds), 0.0).astype("datetime64[s]")
    result = np.empty((len(seconds), len(parts)))
    for position, part in enumerate(parts):
        result[:, position] = np.where(known, _part(stamps, part), np.nan)
    return result


def _part(stamps: "NDArray[np.datetime64]", part: str) -> Any:
    days = stamps.astype("datetime64[D]")
    seconds_of_day = (stamps - days).astype(np.int64)
    if part == "hour":
        return seconds_of_day // 3600
    if part == "minute":
        return seconds_of_day // 60 % 60
    if part == "weekday":
        return (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    months = stamps.astype("datetime64[M]")
    if part == "month":
        return months.astype(np.int64) % 12 + 1
    if part == "day":
        return (days - months).astype(np.int64) + 1
    years = stamps.astype("datetime64[Y]")
    if part == "yearday":
        return (days - years.astype("datetime64[D]")).astype(np.int64) + 1
    return years.astype(np.int64) + 1970
