"""Finds the cell between sorted cuts that each number lies in: a table look-up, not a search.

A binary search costs a mispredicted branch at each step. Here a value's place on an even grid gives the
number of cuts below that square of the grid; only a square that holds cuts itself compares with them.
Places grow with values whatever rounding does, so the answer is exactly the one of a search.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SQUARES = 2048
_FEW = 256
"""Values below which making tables up costs more than it saves."""


class Cells:
    """Numbers the cells between cuts: 0 below the first, `len(cuts)` from the last on.

    Args:
        cuts: Ascending, all different, finite.
    """

    def __init__(self, cuts: "NDArray[np.float64]") -> None:
        self.cuts = cuts
        self.count = len(cuts) + 1
        # The grid spans the middle of the cuts: far ends would leave all else in one square.
        low, high = float(cuts[len(cuts) // 40]), float(cuts[-1 - len(cuts) // 40])
        width = high - low
        self._low = low
        self._scale = _SQUARES / width if width > 0 and np.isfinite(_SQUARES / width) else 0.0
        if not np.isfinite(width):
            self._scale = 0.0
        if self._scale:
            squares = self._squares(cuts)
            self._below = np.searchsorted(squares, np.arange(_SQUARES + 2)).astype(np.int64)
            held = np.diff(np.append(self._below, len(cuts)))
            self._first = np.append(cuts, np.inf)[self._below]
            self._first[held == 0] = np.inf
            self._crowded = held > 1
            self._any_crowded = bool(self._crowded.any())

    def of(self, values: "NDArray[np.float64]") -> "NDArray[np.int64]":
        """Return the cell of each value; a value equal to a cut lies above it."""
        if not self._scale or len(values) < _FEW:
            return np.searchsorted(self.cuts, values, side="right")
        squares = self._squares(values)
        found: NDArray[np.int64] = self._below.take(squares)
        found += values >= self._first.take(squares)
        if self._any_crowded:
            crowded = np.flatnonzero(self._crowded.take(squares))
            if len(crowded):
                found[crowded] = np.searchsorted(self.cuts, values[crowded], side="right")
        return found

    def _squares(self, values: Any) -> "NDArray[np.int64]":
        """Return the square of each value: 0 below the grid, 1 to 2,048 on it, 2,049 beyond."""
        with np.errstate(over="ignore"):
            places = (values - self._low) * self._scale
        places += 1.0
        np.clip(places, 0.0, _SQUARES + 1.0, out=places)
        squares: NDArray[np.int64] = places.astype(np.int64)
        return squares
