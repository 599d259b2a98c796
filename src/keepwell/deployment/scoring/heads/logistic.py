"""`LogisticRegression`: weighted sums, made into probabilities."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from keepwell.deployment.scoring.heads.linear import weighted
from keepwell.deployment.scoring.parts import Data, NotCompilableError, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BINARY = 2


class Logistic:
    """Probabilities from weighted sums: a sigmoid for two classes, a softmax for more.

    Args:
        read: Not used.
        weights: One row of weights per class; one row only for two classes.
        intercepts: One per row.
    """

    method: ClassVar[str] = "linear"

    def __init__(self, *, read: Read, weights: list[list[float]], intercepts: list[float]) -> None:
        self.weights, self._intercepts = np.array(weights), np.array(intercepts)

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the weights."""
        one_against_rest = (
            getattr(fitted, "multi_class", None) == "ovr" or fitted.solver == "liblinear"
        )
        if len(fitted.classes_) > _BINARY and one_against_rest:
            raise NotCompilableError("LogisticRegression sets each class against the rest")
        weights = np.asarray(fitted.coef_, dtype=np.float64)
        intercepts = np.broadcast_to(np.ravel(fitted.intercept_), (len(weights),))
        return {"weights": weights.tolist(), "intercepts": intercepts.tolist()}

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        answer: list[float] = self.batch(np.array(features)[None, :])[0].tolist()
        return answer

    def margin(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return the weighted sums: log-odds for two classes."""
        return np.asarray(features @ self.weights.T + self._intercepts)

    def contributions(
        self, features: "NDArray[np.float64]", typical: "NDArray[np.float64]"
    ) -> "NDArray[np.float64]":
        """Return what each feature adds to the sums of the mean row."""
        return weighted(features, typical, self.weights, self._intercepts)

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        scores = self.margin(features)
        if scores.shape[1] == 1:
            with np.errstate(over="ignore"):
                second = 1.0 / (1.0 + np.exp(-scores))
            return np.hstack([1.0 - second, second])
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        return np.asarray(scores)
