"""How the answer moves with one column, or with two, while all others stay as they are."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Answer = Callable[[Sequence["NDArray[Any]"]], "NDArray[np.float64]"]
"""One number per row: the chance of the class that is told of, or the value."""

POINTS = 15
LABELS = 12


def grid_of(column: "NDArray[Any]") -> "NDArray[Any]":
    """Return the values that a column is set to: quantiles that occur, or its most frequent labels."""
    if column.dtype != object:
        known = column[np.isfinite(column)]
        levels = np.linspace(0.02, 0.98, POINTS)
        return np.unique(np.quantile(known, levels, method="nearest")) if len(known) else known
    labels, counts = np.unique([value for value in column if value is not None], return_counts=True)
    chosen = [str(label) for label in labels[np.argsort(-counts, kind="stable")[:LABELS]]]
    return np.array(chosen, dtype=object)


def curves(
    answer: Answer, columns: "Sequence[NDArray[Any]]", at: int, grid: "NDArray[Any]"
) -> "NDArray[np.float64]":
    """Return by row and point of the grid the answer with the column set to that point."""
    rows, points = len(columns[0]), len(grid)
    tiled = [np.tile(column, points) for column in columns]
    tiled[at] = np.repeat(grid, rows).astype(columns[at].dtype)
    return answer(tiled).reshape(points, rows).T


def strength(answer: Answer, columns: "Sequence[NDArray[Any]]", first: int, second: int) -> float:
    """Return Friedman's H of two columns on these rows: 0 if each does its part alone, at most 1.

    It is the share of the spread of their joint partial dependence that the sum of the single ones does
    not have (Friedman and Popescu 2008).
    """
    joint = _held(answer, columns, (first, second))
    left = joint - _held(answer, columns, (first,)) - _held(answer, columns, (second,))
    whole = float((joint**2).sum())
    if whole < _FLAT * len(joint):
        return 0.0
    return float(np.sqrt(min(1.0, (left**2).sum() / whole)))


_FLAT = 1e-12  # mean square below which a dependence is flat: a ratio of it would be of noise


def _held(
    answer: Answer, columns: "Sequence[NDArray[Any]]", places: Sequence[int]
) -> "NDArray[np.float64]":
    """Return by row the mean answer of all rows with its values in these columns, centred."""
    rows = len(columns[0])
    tiled = [np.tile(column, rows) for column in columns]
    for at in places:
        tiled[at] = np.repeat(columns[at], rows)
    means = answer(tiled).reshape(rows, rows).mean(axis=1)
    centred: NDArray[np.float64] = means - means.mean()
    return centred
