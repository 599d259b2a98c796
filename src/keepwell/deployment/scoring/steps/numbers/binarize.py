"""`Binarizer`: 1 above a threshold, 0 up to it."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Data
from keepwell.deployment.scoring.steps.matrix import numbers, numeric, refuse_gap

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Binarize:
    """Tells which values are above a threshold.

    Args:
        threshold: The highest value that still counts as 0.
    """

    def __init__(self, *, threshold: float) -> None:
        self._threshold = threshold

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the threshold."""
        return {"threshold": float(fitted.threshold)}

    @numeric
    def row(self, values: list[float]) -> list[Any]:
        """Compare one row."""
        if any([value != value for value in values]):  # noqa: PLR0124 (nan; faster as a list)
            raise refuse_gap()
        return [1.0 if value > self._threshold else 0.0 for value in values]

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Compare rows."""
        matrix = numbers(columns)
        if np.isnan(matrix).any():
            raise refuse_gap()
        return (matrix > self._threshold).astype(np.float64)
