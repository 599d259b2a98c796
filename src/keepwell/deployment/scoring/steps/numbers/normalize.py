"""`Normalizer`: each row over its own length."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Data
from keepwell.deployment.scoring.steps.matrix import numbers, numeric

if TYPE_CHECKING:
    from numpy.typing import NDArray


_TINY = 10 * float(np.finfo(np.float64).eps)  # a shorter row is left as it is


class Normalize:
    """Scales each row to length 1.

    Args:
        norm: How length is measured: `l1`, `l2` or `max`.
    """

    def __init__(self, *, norm: str) -> None:
        self._norm = norm

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the kind of length."""
        return {"norm": fitted.norm}

    @numeric
    def row(self, values: list[float]) -> list[Any]:
        """Scale one row."""
        if self._norm == "l2":
            length = math.sqrt(sum([value * value for value in values]))
        elif self._norm == "l1":
            length = sum([abs(value) for value in values])
        else:
            length = max([abs(value) for value in values])
        return [value * 1.0 for value in values] if length < _TINY else [v / length for v in values]

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Scale rows."""
        matrix = numbers(columns)
        if self._norm == "l2":
            lengths = np.sqrt(np.einsum("ij,ij->i", matrix, matrix))
        elif self._norm == "l1":
            lengths = np.abs(matrix).sum(axis=1)
        else:
            lengths = np.abs(matrix).max(axis=1)
        lengths[lengths < _TINY] = 1.0
        matrix /= lengths[:, None]
        return matrix
