"""`MinMaxScaler`: times a factor, plus a shift, kept within its range where that was asked for."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Data
from keepwell.deployment.scoring.steps.matrix import numbers, numeric

if TYPE_CHECKING:
    from numpy.typing import NDArray


class MinMax:
    """Maps each column's training range onto one range.

    Args:
        scale: Factor, by column.
        shift: Then added, by column.
        limits: Lowest and highest answer; null for no limits.
    """

    def __init__(
        self, *, scale: list[float], shift: list[float], limits: list[float] | None
    ) -> None:
        self._pairs = list(zip(scale, shift, strict=True))
        self._scale, self._shift, self._limits = np.array(scale), np.array(shift), limits

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the factors."""
        limits = [float(limit) for limit in fitted.feature_range] if fitted.clip else None
        return {"scale": fitted.scale_.tolist(), "shift": fitted.min_.tolist(), "limits": limits}

    @numeric
    def row(self, values: list[float]) -> list[Any]:
        """Scale one row."""
        pairs = zip(values, self._pairs, strict=True)
        scaled = [value * scale + shift for value, (scale, shift) in pairs]
        if self._limits is None:
            return scaled
        low, high = self._limits  # the value comes first: a nan stays one
        return [min(max(value, low), high) for value in scaled]

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Scale rows."""
        matrix = numbers(columns)
        matrix *= self._scale
        matrix += self._shift
        if self._limits is not None:
            np.clip(matrix, self._limits[0], self._limits[1], out=matrix)
        return matrix
