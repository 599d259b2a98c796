"""`MaxAbsScaler`: over the largest absolute value."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Data
from keepwell.deployment.scoring.steps.matrix import numbers, numeric

if TYPE_CHECKING:
    from numpy.typing import NDArray


class MaxAbs:
    """Scales each column by what was its largest absolute value.

    Args:
        scale: Divided by, by column.
        clip: Keep what comes out between -1 and 1.
    """

    def __init__(self, *, scale: list[float], clip: bool) -> None:
        self._plain, self._scale, self._clip = scale, np.array(scale), clip

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the divisors."""
        return {"scale": fitted.scale_.tolist(), "clip": bool(getattr(fitted, "clip", False))}

    @numeric
    def row(self, values: list[float]) -> list[Any]:
        """Scale one row."""
        scaled = [value / scale for value, scale in zip(values, self._plain, strict=True)]
        return [min(max(value, -1.0), 1.0) for value in scaled] if self._clip else scaled

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Scale rows."""
        matrix = numbers(columns)
        matrix /= self._scale
        return np.clip(matrix, -1.0, 1.0) if self._clip else matrix
