"""Columns side by side."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keepwell.deployment.scoring.parts import Columns


def side_by_side(columns: "Columns", rows: int) -> "NDArray[Any]":
    """Return a matrix of columns that hold `rows` values: float64, or objects if any of them does."""
    kind = object if any(column.dtype == object for column in columns) else np.float64
    matrix = np.empty((rows, len(columns)), dtype=kind)
    for position, column in enumerate(columns):
        matrix[:, position] = column
    return matrix
