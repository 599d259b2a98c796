"""`PCA`, `TruncatedSVD` and random projections: weighted sums of the columns."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Data, NotCompilableError
from keepwell.deployment.scoring.steps.matrix import numbers, numeric

if TYPE_CHECKING:
    from numpy.typing import NDArray


_MOST = 4_000_000  # weights that a scorer holds as text


class Projection:
    """Projects rows onto directions.

    Args:
        directions: One list of weights per output.
        shift: Subtracted from each output; null for nothing.
        scale: Then divided by; null for nothing.
    """

    def __init__(
        self,
        *,
        directions: list[list[float]],
        shift: list[float] | None,
        scale: list[float] | None,
    ) -> None:
        self._directions = np.array(directions, dtype=np.float64)
        self._shift = None if shift is None else np.array(shift)
        self._scale = None if scale is None else np.array(scale)

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the directions, and how they are centred and whitened."""
        found = fitted.components_
        directions = np.asarray(found.toarray() if hasattr(found, "toarray") else found, np.float64)
        if directions.size > _MOST:
            raise NotCompilableError(f"{type(fitted).__name__} has {directions.size:,} weights")
        mean = getattr(fitted, "mean_", None)
        scale = None
        if getattr(fitted, "whiten", False):
            deviation = np.sqrt(fitted.explained_variance_)
            scale = np.maximum(deviation, np.finfo(deviation.dtype).eps).tolist()
        return {
            "directions": directions.tolist(),
            "shift": None if mean is None else (mean @ directions.T).tolist(),
            "scale": scale,
        }

    @numeric
    def row(self, values: list[float]) -> list[Any]:
        """Project one row."""
        result: list[Any] = self._finish(self._directions @ np.array(values)).tolist()
        return result

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Project rows."""
        return self._finish(numbers(columns) @ self._directions.T)

    def _finish(self, sums: "NDArray[Any]") -> "NDArray[Any]":
        if self._shift is not None:
            sums = sums - self._shift
        return sums if self._scale is None else sums / self._scale
