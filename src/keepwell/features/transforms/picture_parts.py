"""Pictures as edges, colours and grey values."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np

# Loaded only where a pipeline is built or read: never by `import keepwell`.
from sklearn.base import BaseEstimator, TransformerMixin  # noqa: TID253

from keepwell.features.pictures import WIDTH, picture_parts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


class PictureParts(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Turn one column of picture files in base64 into numbers. There is nothing to learn."""

    def fit(self, X: "Iterable[str]", y: Any = None) -> Self:
        """Note how many numbers a picture becomes."""
        self.picture_width_ = WIDTH
        return self

    def transform(self, X: "Iterable[str]") -> "NDArray[np.float64]":
        """Return a row of numbers for each picture."""
        rows = [picture_parts(text) for text in X]
        return np.array(rows) if rows else np.empty((0, WIDTH))
