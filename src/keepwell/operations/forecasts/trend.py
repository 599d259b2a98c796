"""When a series that rises steadily reaches its limit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keepwell.core.ports import Point

BLOCKS = 24
"""Stretches of equal length that a series is cut into; each speaks by its median, and bursts are nothing."""

_FEW = 8  # stretches with values, for a line to mean something
_SURE = 2.576  # standard deviations of Mann-Kendall's statistic: one in a hundred by chance
_SPREAD = (0.1, 0.9)  # of the slopes, for the interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """When a limit will be reached, Unix seconds.

    Attributes:
        low: Early, if it rises as fast as in its faster stretches.
        middle: Most likely.
        high: Late, if it rises as slowly as in its slower stretches.
        slope: Rise per second.
        level: Where the line is at the last point.
    """

    low: float
    middle: float
    high: float
    slope: float
    level: float


def reach(points: Sequence[Point], limit: float) -> Horizon | None:
    """Return when a series will reach a limit from below; None if it does not steadily rise, or is there.

    A line by Theil and Sen (1950, 1968) through the medians of equal stretches of time; that they rise at
    all is tested by Mann and Kendall (1945). The interval comes from the slopes between the stretches and
    the line's last one.
    """
    times, values = _medians(points)
    if len(times) < _FEW or not _rises(values):
        return None
    first, second = np.triu_indices(len(times), k=1)
    far = second - first >= len(times) // 3  # neighbours tell of noise alone
    slopes = (values[second] - values[first])[far] / (times[second] - times[first])[far]
    slope = float(np.median(slopes))
    low, high = (float(x) for x in np.quantile(slopes, _SPREAD))
    offset = float(np.median(values - slope * times))
    now = points[-1].time
    level = offset + slope * now
    if slope <= 0 or level >= limit:
        return None
    left = limit - level
    return Horizon(
        low=now + left / max(high, slope),
        middle=now + left / slope,
        high=now + left / low if low > slope * 1e-3 else now + left / (slope * 1e-3),
        slope=slope,
        level=level,
    )


def _medians(points: Sequence[Point]) -> tuple[np.ndarray, np.ndarray]:
    times = np.asarray([point.time for point in points], np.float64)
    values = np.asarray([point.value for point in points], np.float64)
    known = np.isfinite(values)
    times, values = times[known], values[known]
    if len(times) < _FEW or times[-1] <= times[0]:
        return np.empty(0), np.empty(0)
    place = np.minimum(
        ((times - times[0]) / (times[-1] - times[0]) * BLOCKS).astype(np.int64), BLOCKS - 1
    )
    filled = np.unique(place)
    return (
        np.asarray([np.median(times[place == one]) for one in filled]),
        np.asarray([np.median(values[place == one]) for one in filled]),
    )


def _rises(values: np.ndarray) -> bool:
    """Tell whether values rise, by more than chance (Mann-Kendall)."""
    count = len(values)
    first, second = np.triu_indices(count, k=1)
    score = float(np.sign(values[second] - values[first]).sum())
    deviation = float(np.sqrt(count * (count - 1) * (2 * count + 5) / 18))
    return (score - 1) / deviation > _SURE
