"""Does a column come in another unit: multiplied or shifted as a whole, its shape as it was?"""

from typing import TYPE_CHECKING

import numpy as np

from keepwell.core.records import ColumnProfile
from keepwell.monitoring.breaks.stillness import FEWEST

if TYPE_CHECKING:
    from numpy.typing import NDArray

TIMES = 5.0
"""How many times as large, or as small, a column must be. The world doubles now and then."""

_MOST_BEYOND, _STRETCH = 0.95, 2.0
_TENTHS = np.arange(0.1, 0.95, 0.1)
_FEWEST_VALUES = 5
_SAME, _CHANCE = 0.05, 1.36
"""How far apart two shapes may be that are one, and what chance adds for one value (1 in 20)."""


def another_unit(values: "NDArray[np.float64]", profile: ColumnProfile) -> str:
    """Return what happened to a column's numbers, in words that follow its name; empty if nothing did.

    The numbers are held against training: a factor that brings all of them back to training's shape, or a
    shift where next to none lies in training's range. Numbers far beyond everything that training saw need no
    shape.
    """
    low, high, edges = profile.minimum, profile.maximum, profile.bins.edges
    if low is None or high is None or low == high or len(edges) < 3 or len(values) < FEWEST:  # noqa: PLR2004
        return ""
    if len(np.unique(values)) >= _FEWEST_VALUES:
        reference = _spread_out(profile)
        factor = _factor(values, reference)
        large = factor >= TIMES or 0 < factor <= 1 / TIMES
        if large and _same_shape(values / factor, reference):
            return f"is about {_times(factor)} as in training, and of the same shape"
        beyond = np.mean((values < low) | (values > high)) >= _MOST_BEYOND
        if beyond and _shifted(values, reference):
            moved = float(np.median(values) - np.median(reference))
            way = "higher" if moved > 0 else "lower"
            return f"is about {abs(moved):,.3g} {way} than in training, and of the same shape"
    farthest = TIMES * max(abs(low), abs(high))
    if farthest and np.mean(np.abs(values) > farthest) >= _MOST_BEYOND:
        return f"is more than {TIMES:g} times as far from zero as anything that training saw"
    return ""


def _spread_out(profile: ColumnProfile) -> "NDArray[np.float64]":
    """Return numbers distributed as training's bins are."""
    edges = np.asarray(profile.bins.edges, float)
    passed = np.concatenate([[0.0], np.cumsum(profile.bins.counts)])
    middles = (np.arange(400) + 0.5) / 400
    found: NDArray[np.float64] = np.interp(middles, passed / passed[-1], edges)
    return found


def _factor(values: "NDArray[np.float64]", reference: "NDArray[np.float64]") -> float:
    """Return by what most of the tenths were multiplied; 0 where they do not agree on a sign."""
    now, before = np.quantile(values, _TENTHS), np.quantile(reference, _TENTHS)
    usable = now * before > 0
    if np.count_nonzero(usable) <= len(_TENTHS) // 2:
        return 0.0
    return float(np.exp(np.median(np.log(now[usable] / before[usable]))))


def _shifted(values: "NDArray[np.float64]", reference: "NDArray[np.float64]") -> bool:
    """Tell whether a shift, with little stretching, brings the numbers back to the reference."""
    wide, usual = (np.subtract(*np.quantile(one, [0.75, 0.25])) for one in (values, reference))
    if not usual or not 1 / _STRETCH <= wide / usual <= _STRETCH:
        return False
    back = (values - np.median(values)) * (usual / wide) + np.median(reference)
    return _same_shape(back, reference)


def _same_shape(values: "NDArray[np.float64]", reference: "NDArray[np.float64]") -> bool:
    """Tell whether the largest gap between two cumulative distributions is one of chance."""
    points = np.concatenate([values, reference])
    first, second = (
        np.searchsorted(np.sort(one), points, side="right") / len(one)
        for one in (values, reference)
    )
    return bool(np.abs(first - second).max() <= _SAME + _CHANCE / np.sqrt(len(values)))


def _times(factor: float) -> str:
    return f"{factor:,.3g} times as large" if factor >= 1 else f"{1 / factor:,.3g} times as small"
