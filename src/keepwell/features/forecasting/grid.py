"""Points in time at equal steps: seconds apart, or months."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DAY = 86_400.0
_MONTHS = {1: (28.0, 31.0), 3: (89.0, 92.0), 12: (365.0, 366.0)}  # days that so many months last
_REGULAR = 0.98  # share of the gaps that must be whole steps
_OFF = 0.01  # of a step: how far a time may lie beside one
_UNITS = ((604_800.0, "week"), (_DAY, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second"))
_CYCLES = (3600.0, _DAY, 7 * _DAY, 365.25 * _DAY)
_YEAR = 12  # months


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Equal steps from a start.

    Attributes:
        start: Unix seconds of step 0.
        step: Seconds of a step; 0 where it is told in months.
        months: Months of a step; 0 where it is told in seconds.
    """

    start: float
    step: float = 0.0
    months: int = 0

    def steps(self, seconds: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return the number of the step at each time; nan for times that lie between two steps."""
        known = np.isfinite(seconds)
        whole = np.where(known, seconds, self.start)
        if self.months:
            numbers = (_months(whole) - _months(np.array([self.start]))[0]) / self.months
        else:
            numbers = (whole - self.start) / self.step
        nearest = np.round(numbers)
        return np.where(known & (np.abs(numbers - nearest) <= _OFF), nearest, np.nan)

    def seconds(self, steps: "NDArray[np.int64]") -> "NDArray[np.float64]":
        """Return the times of steps; of months, their first day."""
        if not self.months:
            return np.asarray(self.start + steps * self.step, dtype=np.float64)
        first = int(_months(np.array([self.start]))[0])
        months = (first + steps * self.months).astype("datetime64[M]")
        return np.asarray(months.astype("datetime64[s]").astype(np.float64))

    def said(self, step: int) -> str:
        """Return the time of a step as text."""
        seconds = float(self.seconds(np.array([step]))[0])
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")

    @property
    def name(self) -> str:
        """A step in words: `3 hours`."""
        if self.months:
            return "month" if self.months == 1 else f"{self.months} months"
        size, unit = next((u for u in _UNITS if self.step % u[0] == 0), (1.0, "second"))
        count = self.step / size
        return unit if count == 1 else f"{count:g} {unit}s"

    @property
    def cycles(self) -> list[int]:
        """Steps of an hour, a day, a week and a year, as far as they are whole and at least two."""
        if self.months:
            return [_YEAR // self.months] if self.months < _YEAR else []
        found = [cycle / self.step for cycle in _CYCLES]
        return [
            round(steps)
            for steps in found
            if steps > 1.5 and abs(steps - round(steps)) <= _OFF * steps  # noqa: PLR2004
        ]


def find_grid(seconds: "NDArray[np.float64]") -> Grid | None:
    """Return the steps that times follow; None if they follow none. Gaps of whole steps may occur."""
    times = np.unique(seconds[np.isfinite(seconds)])
    if len(times) < 3:  # noqa: PLR2004 (two times make one gap, which is no rule)
        return None
    gaps = np.diff(times)
    for months, (low, high) in _MONTHS.items():
        usual = (gaps >= low * _DAY) & (gaps <= high * _DAY)
        if usual.mean() > _REGULAR:
            return Grid(start=float(times[0]), months=months)
    step = float(np.median(gaps))
    ratio = gaps / step
    whole = np.abs(ratio - np.round(ratio)) <= _OFF
    whole &= ratio > 0.5  # noqa: PLR2004 (nearly equal times are no step)
    return Grid(start=float(times[0]), step=step) if whole.mean() >= _REGULAR else None


def _months(seconds: "NDArray[np.float64]") -> "NDArray[np.float64]":
    moments = np.floor(seconds).astype("datetime64[s]")
    return np.asarray(moments.astype("datetime64[M]").astype(np.float64))
