"""`KBinsDiscretizer`: which interval a number is in."""

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Data, NotCompilableError
from keepwell.deployment.scoring.steps.matrix import numbers, numeric, refuse_gap

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Bins:
    """Gives the number of each value's interval, or a 1 in the slot of that interval.

    Args:
        edges: Where one interval ends and the next begins, by column.
        one_hot: Whether intervals are slots.
    """

    def __init__(self, *, edges: list[list[float]], one_hot: bool) -> None:
        self._edges, self._one_hot = edges, one_hot
        self._starts = list(accumulate((len(inner) + 1 for inner in edges), initial=0))

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the inner edges."""
        if fitted.dtype not in (None, np.float64):
            raise NotCompilableError(f"KBinsDiscretizer compares in {np.dtype(fitted.dtype)}")
        edges = [edge[1:-1].tolist() for edge in fitted.bin_edges_]
        return {"edges": edges, "one_hot": fitted.encode != "ordinal"}

    @numeric
    def row(self, values: list[float]) -> list[Any]:
        """Place one row."""
        if any([value != value for value in values]):  # noqa: PLR0124 (nan; faster as a list)
            raise refuse_gap()
        bins = [bisect_right(e, value) for value, e in zip(values, self._edges, strict=True)]
        if not self._one_hot:
            return [float(at) for at in bins]
        result = [0.0] * self._starts[-1]
        for at, start in zip(bins, self._starts, strict=False):
            result[start + at] = 1.0
        return result

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Place rows."""
        matrix = numbers(columns)
        if np.isnan(matrix).any():
            raise refuse_gap()
        rows = np.arange(len(matrix))
        result = np.zeros((len(matrix), self._starts[-1])) if self._one_hot else matrix
        for at, (edges, start) in enumerate(zip(self._edges, self._starts, strict=False)):
            bins = np.searchsorted(edges, matrix[:, at], side="right")
            if self._one_hot:
                result[rows, start + bins] = 1.0
            else:
                result[:, at] = bins
        return result
