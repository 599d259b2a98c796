"""Sums up numbers: a chunk is sorted once, and everything else is read off the sorted values."""

import math
from typing import Any

import numpy as np

from keepwell.core.records.dataset import Histogram
from keepwell.data.profiles.distinct import EXACT, DistinctEstimate, hash_numbers, sorted_unique
from keepwell.data.profiles.shapes import MANY, Points, bars, bins, exact_quantiles, quantiles

_BLOCKS = 5  # of each chunk, whose means tell whether values move with the rows


class NumberSummary:
    """What is known of a column of numbers or times so far.

    Attributes:
        rows: Rows seen.
        missing: Of them without a value.
        infinite: Of them infinite.
        steady: The values only rise, or only fall, and none is missing.
    """

    def __init__(self) -> None:
        self.rows = self.missing = self.infinite = 0
        self._count, self._mean, self._squares = 0, 0.0, 0.0
        self._low, self._high = math.inf, -math.inf
        self._first: Any = None  # the sorted values of the only chunk
        self._points: list[Points] = []
        self._unique: Any = None  # None once there are too many
        self._estimate: DistinctEstimate | None = None
        self._rising = self._falling = True
        self._last: float | None = None
        self._blocks: list[tuple[int, float]] = []

    @property
    def steady(self) -> bool:
        """Whether values only rise, or only fall, from row to row, none missing."""
        return (self._rising or self._falling) and not self.missing and self._count > 1

    @property
    def values(self) -> int:
        """Finite values seen."""
        return self._count

    def add(self, values: Any, missing: int) -> None:
        """Take a chunk: its values (int64 or float64, in the rows' order) and how many had none."""
        self.rows += len(values) + missing
        self.missing += missing
        if values.dtype == np.float64:
            finite = np.isfinite(values)
            if not finite.all():
                nan = int(np.isnan(values).sum())
                self.missing += nan
                self.infinite += len(values) - nan - int(finite.sum())
                values = values[finite]
        if not len(values):
            return
        self._watch_order(values)
        self._add_moments(values)
        self._add_sorted(np.sort(values))

    def _watch_order(self, values: Any) -> None:
        starts = np.arange(min(_BLOCKS, len(values))) * len(values) // min(_BLOCKS, len(values))
        counts = np.diff(starts, append=len(values))
        means = np.add.reduceat(values, starts, dtype=np.float64) / counts
        self._blocks += zip(counts.tolist(), means.tolist(), strict=True)
        if not (self._rising or self._falling):
            return
        before = values[:1] if self._last is None else np.asarray([self._last], values.dtype)
        steps = np.diff(values, prepend=before)[0 if self._last is not None else 1 :]
        self._rising = self._rising and bool((steps > 0).all())
        self._falling = self._falling and bool((steps < 0).all())
        self._last = values[-1]

    def _add_moments(self, values: Any) -> None:
        count, mean = len(values), float(values.mean())
        squares = float(values.var()) * count
        total = self._count + count
        shift = mean - self._mean
        self._squares += squares + shift * shift * self._count * count / total
        self._mean += shift * count / total
        self._count = total

    def _add_sorted(self, ordered: Any) -> None:
        self._low = min(self._low, float(ordered[0]))
        self._high = max(self._high, float(ordered[-1]))
        if self._first is None and not self._points:
            self._first = ordered
            return
        for chunk in (self._first, ordered):
            if chunk is not None:
                self._points.append(Points.of(chunk, MANY))
                self._add_distinct(chunk)
        self._first = None

    def _add_distinct(self, ordered: Any) -> None:
        unique = ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])]
        if self._estimate is None:
            known = (
                unique
                if self._unique is None
                else sorted_unique(np.concatenate([self._unique, unique]))
            )
            if len(known) <= EXACT:
                self._unique = known
                return
            self._estimate, self._unique, unique = DistinctEstimate(), None, known
        self._estimate.add(hash_numbers(unique))

    def distinct(self) -> int:
        """Return how many different values there were."""
        if self._first is not None:
            return 1 + int((self._first[1:] != self._first[:-1]).sum())
        if self._estimate is not None:
            return min(self._estimate.count(), self._count)
        return 0 if self._unique is None else len(self._unique)

    def trend(self) -> float:
        """Return how far the last fifth of the rows lies from the first, in standard deviations."""
        deviation = self.moments()[1]
        if not deviation:
            return 0.0
        fifth = self._count / _BLOCKS
        first, last = _mean_of_first(self._blocks, fifth), _mean_of_first(self._blocks[::-1], fifth)
        return (last - first) / deviation

    def moments(self) -> tuple[float | None, float | None]:
        """Return the mean and the standard deviation (n - 1) of the finite values."""
        if not self._count:
            return None, None
        deviation = math.sqrt(self._squares / (self._count - 1)) if self._count > 1 else 0.0
        return self._mean, deviation

    def extremes(self) -> tuple[float | None, float | None]:
        """Return the smallest and the largest finite value."""
        return (self._low, self._high) if self._count else (None, None)

    def shape(self, *, whole: bool) -> tuple[tuple[float, ...], Histogram, Histogram]:
        """Return quantiles, a histogram to look at and bins of about equal mass to compare with.

        Args:
            whole: The values are whole numbers, so that a bar should stand for as many of them as its
                neighbour.
        """
        if not self._count:
            return (), Histogram(), Histogram()
        points, low, high = self._merged(), self._low, self._high
        return (
            quantiles(points, low, high) if self._first is None else exact_quantiles(self._first),
            bars(points, low, high, self._count, whole=whole),
            bins(points, self._count),
        )

    def _merged(self) -> Points:
        if self._first is not None:
            return Points.of(self._first, len(self._first))
        values = np.concatenate([points.values for points in self._points])
        weights = np.concatenate([points.weights for points in self._points])
        order = np.argsort(values, kind="stable")
        return Points(values[order], weights[order])


def _mean_of_first(blocks: list[tuple[int, float]], wanted: float) -> float:
    total, weight = 0.0, 0
    for count, mean in blocks:
        if weight >= wanted * 0.999:
            break
        total, weight = total + count * mean, weight + count
    return total / weight
