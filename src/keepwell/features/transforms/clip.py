"""Outliers pulled in to what is usual, and numbers as their logarithms."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np

# Loaded only where a pipeline is built or read: never by `import keepwell`.
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin  # noqa: TID253

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class Clip(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Pull values in to two quantiles of the training rows; gaps stay gaps.

    Args:
        low: Share of the training values below the lower bound.
        high: Share of the training values below the upper bound.

    `low_` and `high_` are the bounds by column; infinite for one that was empty.
    """

    def __init__(self, low: float = 0.01, high: float = 0.99) -> None:
        self.low = low
        self.high = high

    def fit(self, X: "ArrayLike", y: Any = None) -> Self:
        """Learn the bounds."""
        values = np.asarray(X, dtype=np.float64)
        self.n_features_in_ = values.shape[1]
        bounds = [_bounds(column, self.low, self.high) for column in values.T]
        self.low_ = np.array([low for low, _ in bounds])
        self.high_ = np.array([high for _, high in bounds])
        return self

    def transform(self, X: "ArrayLike") -> "NDArray[np.float64]":
        """Return the values within their bounds."""
        return np.clip(np.asarray(X, dtype=np.float64), self.low_, self.high_)


def _bounds(column: "NDArray[np.float64]", low: float, high: float) -> tuple[float, float]:
    known = column[np.isfinite(column)]
    if not len(known):
        return -np.inf, np.inf
    first, last = np.quantile(known, [low, high])
    return float(first), float(last)


class SignedLog(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Take log(1 + |x|), with the sign of x: defined for every number, and zero at zero."""

    def fit(self, X: "ArrayLike", y: Any = None) -> Self:
        """Learn nothing but the number of columns."""
        self.n_features_in_ = np.asarray(X).shape[1]
        return self

    def transform(self, X: "ArrayLike") -> "NDArray[np.float64]":
        """Return the logarithms."""
        values = np.asarray(X, dtype=np.float64)
        return np.asarray(np.copysign(np.log1p(np.abs(values)), values))
