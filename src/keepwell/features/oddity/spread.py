"""The farthest column: how many standard deviations it is off. What everybody would try first."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[np.float64]]


def fit(values: "NDArray[np.float64]", seed: int) -> "Arrays":
    """Return mean and spread of each column."""
    spread = values.std(axis=0)
    return {"mean": values.mean(axis=0), "spread": np.where(spread > 0, spread, 1.0)}


def scores(arrays: "Arrays", values: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return the largest distance of a row."""
    return np.asarray(np.abs((values - arrays["mean"]) / arrays["spread"]).max(axis=1))
