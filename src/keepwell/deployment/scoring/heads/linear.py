"""`LinearRegression`, `Ridge` and their kin: one weighted sum."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from keepwell.deployment.scoring.parts import Data, NotCompilableError, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Linear:
    """Adds up weighted columns.

    Args:
        read: Not used.
        weights: One per column.
        intercept: Added to the sum.
    """

    method: ClassVar[str] = "linear"

    def __init__(self, *, read: Read, weights: list[float], intercept: float) -> None:
        self.weights, self._intercept = np.array(weights), intercept

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the weights."""
        weights = np.asarray(fitted.coef_, dtype=np.float64)
        if weights.ndim > 1 and len(weights) > 1:
            raise NotCompilableError(f"{type(fitted).__name__} predicts several targets")
        intercept = np.ravel(fitted.intercept_)
        return {"weights": weights.ravel().tolist(), "intercept": float(intercept[0])}

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        return [float(np.dot(self.weights, np.array(features)) + self._intercept)]

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        return np.asarray(features @ self.weights + self._intercept)[:, None]

    def margin(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return the weighted sums."""
        return self.batch(features)

    def contributions(
        self, features: "NDArray[np.float64]", typical: "NDArray[np.float64]"
    ) -> "NDArray[np.float64]":
        """Return what each feature adds to the answer of the mean row."""
        return weighted(features, typical, self.weights[None, :], np.array([self._intercept]))


def weighted(
    features: "NDArray[np.float64]",
    typical: "NDArray[np.float64]",
    weights: "NDArray[np.float64]",
    intercepts: "NDArray[np.float64]",
) -> "NDArray[np.float64]":
    """Return the contributions to weighted sums, one row of weights each."""
    mean = typical.mean(axis=0)
    parts = (features - mean)[:, None, :] * weights[None, :, :]
    base = np.broadcast_to(weights @ mean + intercepts, (len(features), len(weights)))
    return np.concatenate([parts, base[:, :, None]], axis=2)
