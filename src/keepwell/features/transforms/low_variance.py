"""Columns that hardly vary, left out."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np

# Loaded only where a pipeline is built or read: never by `import keepwell`.
from sklearn.base import BaseEstimator, TransformerMixin  # noqa: TID253

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class LowVariance(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Leave out columns whose variance over the training rows is not above a threshold.

    If none is above it the one that varies most stays, so that what comes after has something to do.

    Args:
        threshold: The variance.

    `variances_` are those of the training rows; `support_` says what is kept.
    """

    def __init__(self, threshold: float = 0.0) -> None:
        self.threshold = threshold

    def fit(self, X: "ArrayLike", y: Any = None) -> Self:
        """Learn what varies."""
        values = np.asarray(X, dtype=np.float64)
        self.n_features_in_ = values.shape[1]
        self.variances_ = np.array([variance(column) for column in values.T])
        self.support_ = self.variances_ > self.threshold
        if not self.support_.any():
            self.support_[int(np.argmax(self.variances_))] = True
        return self

    def get_support(self, indices: bool = False) -> "NDArray[Any]":
        """Return what is kept, as scikit-learn's selectors say it."""
        return np.flatnonzero(self.support_) if indices else self.support_

    def transform(self, X: "ArrayLike") -> "NDArray[np.float64]":
        """Return the columns that are kept."""
        return np.asarray(X, dtype=np.float64)[:, self.support_]


def variance(column: "NDArray[np.float64]") -> float:
    """Return the variance of the finite values; 0 if there are none. Exactly 0 if all are equal."""
    known = column[np.isfinite(column)]
    if not len(known) or not np.ptp(known):
        return 0.0
    return float(np.var(known))
