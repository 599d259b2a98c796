"""The accumulator of a column of numbers."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.records import ColumnProfile
from keepwell.monitoring.detectors import Sample
from keepwell.monitoring.independence import worth
from keepwell.monitoring.report import Bars
from keepwell.monitoring.sketches.cells import Cells
from keepwell.monitoring.sketches.columns import MISSING, ROWS, WRONG, combined
from keepwell.monitoring.sketches.counted import Counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Values are summed as distances from training's mean in its standard deviations: sums of powers stay exact
# enough.
VALUES, SUM, SQUARES = range(3, 6)
PAIRS, FIRSTS, SECONDS, PRODUCTS = range(6, 10)  # of values that follow each other
BIN_FIRSTS, BIN_SECONDS, BIN_PRODUCTS = range(10, 13)  # the same, of their bins
RISES, FALLS = range(13, 15)
CELLS = 15

_FAR = 1e100  # the square of a value still has to be a number


class Numbers:
    """Sums over numbers: moments, likeness of neighbours, and counts in cells.

    Cells are what bins (to compare) and bars (to draw) and training's range cut the line into, so one
    look-up a value serves all three.
    """

    def __init__(self, profile: ColumnProfile) -> None:
        self.profile = profile
        edges, low, high = profile.bins.edges, profile.minimum, profile.maximum
        self._compared = low is not None and high is not None and len(edges) >= 2  # noqa: PLR2004
        self.size = CELLS
        self._mean, self._spread = profile.mean or 0.0, profile.std or 1.0
        if low is None or high is None or not self._compared:
            return
        if low == high:  # one value in training: what is not it lies on one of its sides
            own = np.asarray([low, np.nextafter(low, np.inf)])
            self._reference = np.asarray([0, profile.bins.counts[0], 0])
        else:
            own, self._reference = np.asarray(edges[1:-1]), np.asarray(profile.bins.counts)
        drawn = np.asarray(profile.histogram.edges, float)
        drawn[-1:] = np.nextafter(drawn[-1:], np.inf)  # the last bar holds its own end
        beyond = np.nextafter(high, np.inf)
        cells = Cells(np.unique(np.concatenate([own, drawn, [low, beyond]])))
        starts = np.concatenate([[-np.inf], cells.cuts])
        self._cells, self.size = cells, CELLS + cells.count
        self._bins = np.searchsorted(own, starts, side="right")
        self._places = self._bins.astype(np.float64)
        self._bars = np.searchsorted(drawn, starts, side="right")
        self._outside = (starts < low) | (starts >= beyond)
        self._positions = self._middles(own, low, high)

    def add(
        self, sums: "NDArray[np.float64]", fresh: dict[str, int], column: Any, wrong: int = 0
    ) -> None:
        """Add a column of rows."""
        column = combined(column)
        values = column.cast(pa.float64(), safe=False)
        values = values.fill_null(np.nan) if values.null_count else values
        numbers: NDArray[np.float64] = values.to_numpy(zero_copy_only=False)
        present = np.isfinite(numbers)
        finite = numbers if present.all() else numbers[present]
        count = len(finite)
        sums[ROWS] += len(numbers)
        sums[MISSING] += len(numbers) - count
        sums[WRONG] += wrong
        if not count or not self._compared:
            return
        scaled = finite - self._mean
        scaled /= self._spread
        # einsum, not @: for sums this short BLAS would spend more on waking its threads than on adding.
        squares = np.einsum("i,i", scaled, scaled)
        if not squares < _FAR**2:  # else none is that far, and a pass over all of them is saved
            np.clip(scaled, -_FAR, _FAR, out=scaled)
            squares = np.einsum("i,i", scaled, scaled)
        total = scaled.sum()
        sums[VALUES] += count
        sums[SUM] += total
        sums[SQUARES] += squares
        cells = self._cells.of(finite)
        counts = np.bincount(cells, minlength=self._cells.count)
        sums[CELLS:] += counts
        if count > 1:
            _add_pairs(sums, PAIRS + 1, scaled, total)
            # Bins are whole numbers: their sum by counts is exactly the one by rows.
            bins = self._places.take(cells)
            _add_pairs(sums, BIN_FIRSTS, bins, np.einsum("i,i", counts, self._places))
            sums[PAIRS] += count - 1
            sums[RISES] += np.count_nonzero(finite[1:] > finite[:-1])
            sums[FALLS] += np.count_nonzero(finite[1:] < finite[:-1])

    def counted(self, sums: "NDArray[np.float64]", fresh: dict[str, int]) -> Counted:
        """Return what the sums say."""
        count = int(sums[VALUES])
        rows, missing = int(sums[ROWS]), int(sums[MISSING])
        if not count or not self._compared:
            return Counted(profile=self.profile, rows=rows, missing=missing, wrong=int(sums[WRONG]))
        cells = sums[CELLS:]
        bins = np.bincount(self._bins, cells, len(self._reference)).astype(np.float64)
        mean, square = sums[SUM] / count, sums[SQUARES] / count
        variance = max(square - mean**2, 0.0)
        if variance < 1e-12 * square:
            variance = 0.0
        # Alike in value or in bin: beyond training's range all are in one bin, an outlier hides the rest.
        alike = [_likeness(sums, PAIRS + 1, mean, variance), self._likeness_of_bins(sums, bins)]
        size = min(worth(count, one) for one in alike)
        return Counted(
            profile=self.profile,
            rows=rows,
            missing=missing,
            wrong=int(sums[WRONG]),
            worth=size,
            reference=Sample.of(self._reference, positions=self._positions),
            current=Sample.of(bins, size, positions=self._positions),
            mean=float(self._mean + self._spread * mean),
            std=float(self._spread * math.sqrt(variance)),
            outside=int(cells[self._outside].sum()),
            runs=bool(sums[RISES]) != bool(sums[FALLS]),
            bars=self._drawn(cells, count),
        )

    def _likeness_of_bins(self, sums: "NDArray[np.float64]", bins: "NDArray[np.float64]") -> float:
        places = np.arange(len(bins))
        mean = float((bins * places).sum() / bins.sum())
        variance = float((bins * places**2).sum() / bins.sum() - mean**2)
        return _likeness(sums, BIN_FIRSTS, mean, variance if variance > 1e-12 else 0.0)  # noqa: PLR2004

    def _middles(
        self, own: "NDArray[np.float64]", low: float, high: float
    ) -> "NDArray[np.float64]":
        """Return where each bin lies, in training's standard deviations: its middle."""
        ends = np.concatenate([[min(low, own[0])], own, [max(high, own[-1])]])
        middles: NDArray[np.float64] = (ends[1:] / 2 + ends[:-1] / 2 - self._mean) / self._spread
        return middles

    def _drawn(self, cells: "NDArray[np.float64]", count: int) -> Bars:
        edges, counts = self.profile.histogram.edges, self.profile.histogram.counts
        if len(edges) < 2:  # noqa: PLR2004
            return Bars()
        below, *drawn, above = np.bincount(self._bars, weights=cells, minlength=len(edges) + 1)
        return Bars(
            edges=edges,
            reference=shares(counts, sum(counts)),
            current=shares(drawn, count),
            below=round(float(below) / count, 4),
            above=round(float(above) / count, 4),
        )


def shares(counts: Any, total: float) -> tuple[float, ...]:
    """Return counts as shares, as they are drawn."""
    return tuple(round(float(count) / total, 4) if total else 0.0 for count in counts)


def _add_pairs(
    sums: "NDArray[np.float64]", at: int, values: "NDArray[np.float64]", total: float
) -> None:
    sums[at] += total - values[-1]
    sums[at + 1] += total - values[0]
    sums[at + 2] += np.einsum("i,i", values[1:], values[:-1])


def _likeness(sums: "NDArray[np.float64]", at: int, mean: float, variance: float) -> float:
    """Return the correlation of values that follow each other."""
    firsts, seconds, products = sums[at : at + 3]
    together = products - mean * (firsts + seconds) + mean**2 * sums[PAIRS]
    spread = variance * sums[VALUES]
    return float(together / spread) if spread > 0 else 0.0
