"""`TextShape`: counts of what a text looks like."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.fusion import Code, Item
from keepwell.deployment.scoring.parts import Columns, Data
from keepwell.features.made.shapes import SHAPE, shape_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Shape:
    """Counts characters, words, digits, capitals and marks of each text."""

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read nothing: nothing is learnt."""
        return {}

    def row(self, values: list[Any]) -> list[Any]:
        """Count one row."""
        return [count for value in values for count in shape_of(value)]

    def emit(self, code: Code, columns: list[str]) -> list[Item]:
        """Write one call a column."""
        count = code.constant(shape_of)
        return [Item(f"*{count}({column})", len(SHAPE)) for column in columns]

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Count rows."""
        rows = zip(*(column.tolist() for column in columns), strict=True)
        counts = [[count for cell in row for count in shape_of(cell)] for row in rows]
        return np.array(counts, dtype=np.float64).reshape(len(columns[0]), -1)
