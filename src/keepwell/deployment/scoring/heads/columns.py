"""A matrix of canonical values, back in columns of the kind that steps take."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def columns_of(matrix: "NDArray[Any]") -> "list[NDArray[Any]]":
    """Return the columns: float64, or objects where one holds text or a missing label."""
    if matrix.dtype != object:
        return list(matrix.T)
    return [
        column.astype(np.float64) if all(type(value) is float for value in column) else column
        for column in matrix.T
    ]
