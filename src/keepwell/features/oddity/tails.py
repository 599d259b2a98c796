"""How rare each column's value is, added up over the columns (ECOD; Li et al. 2022)."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[np.float64]]

_MOST = 2_000  # values kept of a column


def fit(values: "NDArray[np.float64]", seed: int) -> "Arrays":
    """Return the sorted values of each column, evenly thinned, and which tail is the long one."""
    rows = len(values)
    at = np.unique(np.linspace(0, rows - 1, min(rows, _MOST)).round().astype(np.int64))
    off = values - values.mean(axis=0)
    spread = np.maximum(values.std(axis=0), 1e-12)
    skew = (off**3).mean(axis=0) / spread**3
    return {"sorted": np.sort(values, axis=0)[at].T.copy(), "skew": skew}


def scores(arrays: "Arrays", values: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return the largest of three sums of surprises: left tails, right tails, each column's long one."""
    kept = arrays["sorted"]
    count = kept.shape[1]
    least = 1.0 / (count + 1)
    left, right = np.empty_like(values), np.empty_like(values)
    for column, known in enumerate(kept):
        cells = values[:, column]
        left[:, column] = np.searchsorted(known, cells, side="right") / count
        right[:, column] = 1.0 - np.searchsorted(known, cells, side="left") / count
    left, right = -np.log(np.maximum(left, least)), -np.log(np.maximum(right, least))
    long = np.where(arrays["skew"] < 0, left, right)
    return np.asarray(np.maximum.reduce([left.sum(axis=1), right.sum(axis=1), long.sum(axis=1)]))
