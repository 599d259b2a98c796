"""Pictures as their pixels."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np

# Loaded only where a pipeline is built or read: never by `import keepwell`.
from sklearn.base import BaseEstimator, TransformerMixin  # noqa: TID253

from keepwell.features.pictures import picture_pixels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


class PicturePixels(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Turn one column of picture files in base64 into pixels from 0 to 1: red, green, blue.

    Args:
        side: Pixels of a side; every picture is brought to a square of it.
    """

    def __init__(self, side: int = 32) -> None:
        self.side = side

    def fit(self, X: "Iterable[str]", y: Any = None) -> Self:
        """Note how many numbers a picture becomes."""
        self.picture_width_ = 3 * self.side * self.side
        return self

    def transform(self, X: "Iterable[str]") -> "NDArray[np.float32]":
        """Return a row of numbers for each picture."""
        rows = [picture_pixels(text, self.side) for text in X]
        return np.array(rows) if rows else np.empty((0, self.picture_width_), dtype=np.float32)
