"""A number calculated from others of the row."""

import json
from typing import TYPE_CHECKING, Any, Self

import numpy as np

# Loaded only where a pipeline is built or read: never by `import keepwell`.
from sklearn.base import BaseEstimator, TransformerMixin  # noqa: TID253

from keepwell.features.made.calculation import calculate_all

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class Formula(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Calculate one number per row.

    Args:
        tree: The formula as JSON, over positions: `core.formulas.placed`.
    """

    def __init__(self, tree: str = '["column", 0]') -> None:
        self.tree = tree

    def fit(self, X: "ArrayLike", y: Any = None) -> Self:
        """Learn nothing but the number of columns."""
        self.n_features_in_ = np.asarray(X).shape[1]
        return self

    def transform(self, X: "ArrayLike") -> "NDArray[np.float64]":
        """Return the number, nan where there is no answer."""
        matrix = np.asarray(X, dtype=np.float64)
        return calculate_all(json.loads(self.tree), matrix)[:, None]
