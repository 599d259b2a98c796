"""`SplineTransformer`: smooth bumps along a column, as pieces of polynomials."""

import math
from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Data, NotCompilableError
from keepwell.deployment.scoring.steps.matrix import not_a_number, numbers, numeric, refuse_gap

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Spline:
    """Evaluates each column's pieces.

    Args:
        columns: By column: `breaks` between pieces, and the `pieces`, of which the first lies below the
            first break and the last above the last. A piece has the point that it is `at`, and `terms`:
            a slot and the coefficients of its polynomial, highest power first. No piece: refused.
        width: Number of slots of each column.
        period: Values are taken from the first break to the last, over and over.
        zeros: A gap gives zeros; else it is refused.
    """

    def __init__(self, *, columns: list[Data], width: int, period: bool, zeros: bool) -> None:
        self._columns = [
            (column["breaks"], [p and (p["at"], p["terms"]) for p in column["pieces"]])
            for column in columns
        ]
        self._width, self._period, self._zeros = width, period, zeros

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Turn each column's spline into polynomials."""
        if fitted.degree == 0:
            raise NotCompilableError("SplineTransformer has steps (degree 0)")
        if fitted.degree == 1 and fitted.extrapolation == "linear" and len(fitted.bsplines_) > 1:
            # Scikit-learn takes another knot for the end of every column after the first.
            raise NotCompilableError("SplineTransformer extends straight pieces of several columns")
        width = int(fitted.bsplines_[0].c.shape[1]) - (not fitted.include_bias)
        return {
            "columns": [_pieces(spline, fitted, width) for spline in fitted.bsplines_],
            "width": width,
            "period": fitted.extrapolation == "periodic",
            "zeros": getattr(fitted, "handle_missing", "error") == "zeros",
        }

    @numeric
    def row(self, values: list[float]) -> list[Any]:
        """Evaluate one row."""
        result = [0.0] * (self._width * len(self._columns))
        for column, (value, (breaks, pieces)) in enumerate(zip(values, self._columns, strict=True)):
            if value != value:  # noqa: PLR0124 (nan)
                if self._zeros:
                    continue
                raise refuse_gap()
            first, last = breaks[0], breaks[-1]
            x = first + (value - first) % (last - first) if self._period else value * 1.0
            piece = pieces[bisect_right(breaks, x) - (x == last)]
            if piece is None:
                raise not_a_number(f"{value!r} is not between {first} and {last}")
            distance = x - piece[0]
            for slot, coefficients in piece[1]:
                total = 0.0
                for coefficient in coefficients:
                    total = total * distance + coefficient
                result[column * self._width + slot] = total
        return result

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Evaluate rows."""
        matrix = numbers(columns)
        result = np.empty((len(matrix), self._width * len(self._columns)))
        for at, values in enumerate(matrix.tolist()):
            result[at] = self.row(values)
        return result


def _pieces(spline: Any, fitted: Any, width: int) -> Data:
    breaks = spline.t[spline.k : len(spline.t) - spline.k].tolist()
    if any(right <= left for left, right in pairwise(breaks)):
        raise NotCompilableError("SplineTransformer has knots that coincide")
    powers = range(spline.k, -1, -1)
    inner = [
        {
            "at": start,
            "terms": _terms(
                np.array([spline(start, nu=power) / math.factorial(power) for power in powers]),
                width,
            ),
        }
        for start in breaks[:-1]
    ]
    below: Data | None
    above: Data | None
    if fitted.extrapolation in ("continue", "periodic"):
        below, above = inner[0], inner[-1]
    elif fitted.extrapolation == "error":
        below = above = None
    else:
        below, above = (_beyond(spline, fitted, end, width) for end in (breaks[0], breaks[-1]))
    return {"breaks": breaks, "pieces": [below, *inner, above]}


def _beyond(spline: Any, fitted: Any, end: float, width: int) -> Data:
    """Return how the spline goes on beyond an end: level, or along its slope there."""
    level, slope = spline(end), spline(end, nu=1)
    reach = spline.k
    if fitted.extrapolation == "linear":
        reach += reach <= 1  # of straight pieces, two have a slope at the end
        coefficients = np.array([slope, level])
    else:
        coefficients = np.array([level])
    outer = slice(0, reach) if end == spline.t[spline.k] else slice(len(level) - reach, len(level))
    kept = np.zeros_like(coefficients)
    kept[:, outer] = coefficients[:, outer]
    return {"at": end, "terms": _terms(kept, width)}


def _terms(coefficients: "NDArray[np.float64]", width: int) -> list[list[Any]]:
    return [
        [slot, coefficients[:, slot].tolist()]
        for slot in range(width)
        if np.any(coefficients[:, slot])
    ]
