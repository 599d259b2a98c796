"""Quantiles, bars and bins, read off sorted values."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from keepwell.core.records.dataset import Histogram
from keepwell.data.profiles.distinct import sorted_unique

QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
"""Which quantiles a column's profile holds."""

MANY = 2048
"""So many points stand for a chunk, once a second one has come."""

_BARS = 30
_BINS = 20


@dataclass(frozen=True, slots=True)
class Points:
    """Sorted values that stand for `weights` values each."""

    values: Any
    weights: Any

    @classmethod
    def of(cls, ordered: Any, limit: int) -> "Points":
        """Return sorted values as points: each different value, or `MANY` of them evenly spaced."""
        starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        if len(starts) <= limit:
            return cls(ordered[starts], np.diff(np.append(starts, len(ordered))).astype(float))
        places = ((np.arange(MANY) + 0.5) * len(ordered) / MANY).astype(np.int64)
        return cls(ordered[places], np.full(MANY, len(ordered) / MANY))


def exact_quantiles(ordered: Any) -> tuple[float, ...]:
    """Return the quantiles of sorted values, between two of them in proportion, as NumPy does."""
    places = np.asarray(QUANTILES) * (len(ordered) - 1)
    below = places.astype(np.int64)
    low = ordered[below].astype(float)
    high = ordered[np.minimum(below + 1, len(ordered) - 1)].astype(float)
    return tuple((low + (high - low) * (places - below)).tolist())


def quantiles(points: Points, low: float, high: float) -> tuple[float, ...]:
    """Return the quantiles of what points stand for, between the known extremes."""
    ends = np.cumsum(points.weights)
    places = np.searchsorted(ends, np.asarray(QUANTILES) * ends[-1] * (1 - 1e-12))
    found = points.values[np.minimum(places, len(ends) - 1)].astype(float)
    found[0], found[-1] = low, high
    return tuple(found.tolist())


def bars(points: Points, low: float, high: float, total: int, *, whole: bool) -> Histogram:
    """Return equal-width bins to look at; a bar for each whole number where those are few."""
    return _count(points, _bar_edges(low, high, whole=whole), total)


def bins(points: Points, total: int) -> Histogram:
    """Return bins of about equal mass to compare with; few distinct values get a bin each."""
    return _count(points, _bin_edges(points), total)


def _bar_edges(low: float, high: float, *, whole: bool) -> Any:
    if low == high:
        return np.asarray([low, high])
    if whole and high - low < _BARS:
        return np.arange(low, high + 2) - 0.5
    return np.linspace(low, high, _BARS + 1)


def _bin_edges(points: Points) -> Any:
    distinct = sorted_unique(points.values)
    if len(distinct) == 1:
        return np.asarray([distinct[0], distinct[0]], float)
    if len(distinct) <= _BINS:
        between = distinct[:-1] + (distinct[1:] - distinct[:-1]) / 2
        return np.concatenate([distinct[:1], between, distinct[-1:]]).astype(float)
    ends = np.cumsum(points.weights)
    places = np.searchsorted(ends, np.arange(1, _BINS) * ends[-1] / _BINS)
    edges = np.concatenate([distinct[:1], points.values[places], distinct[-1:]]).astype(float)
    return sorted_unique(edges)


def _count(points: Points, edges: Any, total: int) -> Histogram:
    if len(edges) == 2:  # noqa: PLR2004 (one bin)
        return Histogram(edges=tuple(map(float, edges)), counts=(total,))
    places = np.searchsorted(edges, points.values, side="right") - 1
    places = np.clip(places, 0, len(edges) - 2)
    mass = np.bincount(places, weights=points.weights, minlength=len(edges) - 1)
    ends = np.rint(np.cumsum(mass) * (total / mass.sum())).astype(np.int64)
    counts = np.diff(ends, prepend=0)
    return Histogram(edges=tuple(map(float, edges)), counts=tuple(map(int, counts)))
