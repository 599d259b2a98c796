"""How many independent rows a stream of rows is worth.

Rows that follow each other are often alike: sensors, seasons, one caller's batch. Five hundred of them then
say as much as fifty drawn at random, and a test that is told "500" cries wolf. From the likeness `r` of
neighbours, the worth of `n` rows is n (1 - r) / (1 + r), as if the likeness died away at a constant rate.
A season longer than the window is not seen: what moves with the year looks like drift within a week.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST = 20
"""Rows below which likeness cannot be told from chance."""


def worth_of_numbers(values: "NDArray[Any]") -> float:
    """Return the worth of numbers (or their bins) in the order they came."""
    rows = len(values)
    if rows < FEWEST:
        return float(rows)
    centred = values - values.mean()
    # einsum, not @: for sums this short BLAS would spend more on waking its threads than on adding.
    spread = float(np.einsum("i,i", centred, centred))
    neighbours = float(np.einsum("i,i", centred[1:], centred[:-1]))
    return worth(rows, neighbours / spread if spread else 0.0)


def worth_of_labels(codes: "NDArray[Any]", shares: "NDArray[np.float64]") -> float:
    """Return the worth of labels in the order they came: how often neighbours agree, beyond chance."""
    rows = len(codes)
    if rows < FEWEST:
        return float(rows)
    chance = float(np.sum(shares**2))
    agreement = float(np.mean(codes[1:] == codes[:-1]))
    return worth(rows, (agreement - chance) / (1 - chance) if chance < 1 else 0.0)


def worth(rows: float, likeness: float) -> float:
    """Return the worth of rows whose neighbours are alike to this degree, -1 to 1."""
    if rows < FEWEST:
        return float(rows)
    if likeness < 2 / np.sqrt(rows):  # chance makes independent neighbours as alike as that
        return float(rows)
    return max(rows * (1 - likeness) / (1 + likeness), 1.0)
