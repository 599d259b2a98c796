"""`StandardScaler`: minus the mean, over the standard deviation."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Data
from keepwell.deployment.scoring.steps.matrix import numbers, numeric

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Scale:
    """Shifts and scales each column, to the bit as NumPy does.

    Args:
        mean: Subtracted, by column.
        scale: Then divided by, by column.
    """

    def __init__(self, *, mean: list[float], scale: list[float]) -> None:
        self._pairs = list(zip(mean, scale, strict=True))
        self._mean, self._scale = np.array(mean), np.array(scale)

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the fitted moments; a switched off half becomes a no-op: minus 0, over 1."""
        width = int(fitted.n_features_in_)
        mean = fitted.mean_.tolist() if fitted.with_mean else [0.0] * width
        scale = fitted.scale_.tolist() if fitted.with_std else [1.0] * width
        return {"mean": mean, "scale": scale}

    @numeric
    def row(self, values: list[float]) -> list[Any]:
        """Scale one row."""
        return [
            (value - mean) / scale for value, (mean, scale) in zip(values, self._pairs, strict=True)
        ]

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Scale rows."""
        matrix = numbers(columns)
        matrix -= self._mean
        matrix /= self._scale
        return matrix
