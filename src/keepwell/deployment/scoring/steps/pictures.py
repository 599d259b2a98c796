"""`PictureParts`: edges, colours and grey values of a picture."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Data
from keepwell.features.pictures import WIDTH, picture_parts

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
