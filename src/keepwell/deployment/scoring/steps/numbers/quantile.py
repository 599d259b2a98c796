"""`QuantileTransformer`: the rank of a number among those of training, as it is or made normal."""

import math
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Data, NotCompilableError
from keepwell.deployment.scoring.steps.matrix import numbers, numeric

if TYPE_CHECKING:
    from numpy.typing import NDArray


_EDGE = 1e-7  # ranks nearer than this to 0 or 1 count as that


class Quantile:
    """Interpolates each column's ranks.

    Args:
        quantiles: Values with known ranks, ascending, by column.
        ranks: Their ranks, from 0 to 1.
        normal: Give the normal distribution's value of that rank instead of the rank.
    """

    def __init__(self, *, quantiles: list[list[float]], ranks: list[float], normal: bool) -> None:
        from statistics import NormalDist

        self._quantiles, self._ranks, self._normal = quantiles, ranks, normal
        # From above and from below, so that a value that training saw often gets its middle rank.
        self._down = [[-value for value in reversed(column)] for column in quantiles]
        self._down_ranks = [-rank for rank in reversed(ranks)]
        self._value_of = NormalDist().inv_cdf
        edge = _EDGE - _EPSILON
        self._lowest, self._highest = self._value_of(edge), self._value_of(1.0 - edge)

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the quantiles."""
        if np.isnan(fitted.quantiles_).any():
            raise NotCompilableError("QuantileTransformer was fitted on a column without values")
        return {
            "quantiles": fitted.quantiles_.T.tolist(),
            "ranks": fitted.references_.tolist(),
            "normal": fitted.output_distribution == "normal",
        }

    @numeric
    def row(self, values: list[float]) -> list[Any]:
        """Transform one row."""
        return [self._one(value * 1.0, at) for at, value in enumerate(values)]

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Transform rows."""
        matrix = numbers(columns)
        for at in range(matrix.shape[1]):
            matrix[:, at] = [self._one(value, at) for value in matrix[:, at].tolist()]
        return matrix

    def _one(self, value: float, at: int) -> float:
        if math.isnan(value):
            return value
        known = self._quantiles[at]
        edge = _EDGE if self._normal else 0.0
        if value - edge < known[0] or value == known[0]:
            rank = 0.0
        elif value + edge > known[-1] or value == known[-1]:
            rank = 1.0
        else:
            above = _interpolate(value, known, self._ranks)
            rank = 0.5 * (above - _interpolate(-value, self._down[at], self._down_ranks))
        if not self._normal:
            return rank
        if rank <= 0.0:
            return self._lowest
        if rank >= 1.0:
            return self._highest
        return min(max(self._value_of(rank), self._lowest), self._highest)


_EPSILON = float(np.spacing(1))


def _interpolate(value: float, xs: list[float], ys: list[float]) -> float:
    """Return what `numpy.interp` returns."""
    at = bisect_right(xs, value) - 1
    if at < 0:
        return ys[0]
    if at >= len(xs) - 1:
        return ys[-1]
    if xs[at] == value:
        return ys[at]
    return (ys[at + 1] - ys[at]) / (xs[at + 1] - xs[at]) * (value - xs[at]) + ys[at]
