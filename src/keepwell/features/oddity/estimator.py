"""A detector at the end of a scikit-learn pipeline: a classifier of usual (0) and odd (1) rows."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np

# Loaded only where a pipeline is built or read: never by `import keepwell`.
from sklearn.base import BaseEstimator, ClassifierMixin  # noqa: TID253

from keepwell.features.oddity.detectors import DETECTORS, levels_of, oddness

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class Oddity(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Learns what is usual, and says how odd a row is.

    Args:
        detector: One of `DETECTORS`.
        contamination: Share of the training rows that are odd.
        seed: Of random choices.
    """

    def __init__(
        self, detector: str = "forest", contamination: float = 0.01, seed: int = 0
    ) -> None:
        self.detector, self.contamination, self.seed = detector, contamination, seed

    def fit(self, X: "ArrayLike", y: Any = None) -> Self:
        """Learn; labels are not looked at."""
        values = np.asarray(X, dtype=np.float64)
        fit, score = DETECTORS[self.detector]
        self.n_features_in_ = values.shape[1]
        self.classes_ = np.array([0, 1])
        self.arrays_ = fit(values, self.seed)
        self.levels_ = levels_of(score(self.arrays_, values))
        return self

    def predict_proba(self, X: "ArrayLike") -> "NDArray[np.float64]":
        """Return how usual and how odd each row is."""
        values = np.asarray(X, dtype=np.float64)
        raw = DETECTORS[self.detector][1](self.arrays_, values)
        odd = oddness(raw, self.levels_, self.contamination)
        return np.column_stack([1.0 - odd, odd])

    def predict(self, X: "ArrayLike") -> "NDArray[np.int64]":
        """Return 1 for odd rows."""
        return np.asarray(self.predict_proba(X).argmax(axis=1))
