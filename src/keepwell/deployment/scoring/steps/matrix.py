"""Columns side by side."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keepwell.deployment.scoring.parts import Columns


def side_by_side(columns: "Columns") -> "NDArray[Any]":
    """Return a matrix of the columns: float64 if all are numbers, objects if any is not."""
    kind = object if any(column.dtype == object for column in columns) else np.float64
    matrix = np.empty((len(columns[0]) if columns else 0, len(columns)), dtype=kind)
    for position, column in enumerate(columns):
        matrix[:, position] = column
    return matrix
