"""What a text looks like, whatever it says."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np

# Loaded only where a pipeline is built or read: never by `import keepwell`.
from sklearn.base import BaseEstimator, TransformerMixin  # noqa: TID253

from keepwell.features.made.shapes import SHAPE, shape_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class TextShape(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Count characters, words, digits, capitals and marks of each text."""

    def fit(self, X: "ArrayLike", y: Any = None) -> Self:
        """Learn nothing but the number of columns."""
        self.n_features_in_ = np.asarray(X, dtype=object).shape[1]
        return self

    def transform(self, X: "ArrayLike") -> "NDArray[np.float64]":
        """Return the counts of every column, side by side."""
        cells = np.asarray(X, dtype=object)
        counts = [[count for cell in row for count in shape_of(cell)] for row in cells.tolist()]
        return np.array(counts, dtype=np.float64).reshape(len(cells), -1)

    @property
    def shapes_(self) -> int:
        """How many numbers a text becomes."""
        return len(SHAPE)
