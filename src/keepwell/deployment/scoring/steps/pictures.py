"""`PictureParts` and `PicturePixels`: what is measured in a picture, and the picture itself, small."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Data
from keepwell.features.pictures import WIDTH, picture_parts, picture_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Pictures:
    """Decodes a picture and measures it, by the function that training used."""

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read nothing: there is nothing to learn."""
        return {}

    def row(self, values: list[Any]) -> list[Any]:
        """Measure one picture."""
        parts: list[Any] = picture_parts(values[0]).tolist()
        return parts

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Measure pictures."""
        rows = [picture_parts(text) for text in columns[0].tolist()]
        return np.array(rows) if rows else np.empty((0, WIDTH))


class Pixels:
    """Decodes a picture and brings it to a size.

    Args:
        side: Pixels of a side.
    """

    def __init__(self, *, side: int) -> None:
        self._side = side

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the size."""
        return {"side": int(fitted.side)}

    def row(self, values: list[Any]) -> list[Any]:
        """Return the pixels of one picture."""
        pixels: list[Any] = picture_pixels(values[0], self._side).tolist()
        return pixels

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Return the pixels of pictures."""
        rows = [picture_pixels(text, self._side) for text in columns[0].tolist()]
        return np.array(rows) if rows else np.empty((0, 3 * self._side * self._side))
