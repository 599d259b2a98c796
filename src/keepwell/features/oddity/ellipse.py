"""How far a row is from the middle, along and across what columns have in common (Mahalanobis)."""

import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[np.float64]]

_MOST_COLUMNS = 60  # a robust estimate draws many subsets, each as dear as their cube
_MOST_ROWS = 5_000
_RIDGE = 1e-3  # of the mean variance: columns that are sums of others have none of their own


def fit(values: "NDArray[np.float64]", seed: int) -> "Arrays":
    """Return the middle and the inverse covariance, from the half of the rows that agree best."""
    rows, columns = values.shape
    if columns > _MOST_COLUMNS or rows < 5 * columns:
        middle, covariance = values.mean(axis=0), np.atleast_2d(np.cov(values.T))
    else:
        from sklearn.covariance import MinCovDet

        drawn = np.random.default_rng(seed).permutation(rows)[:_MOST_ROWS]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a covariance that is not of full rank is helped below
            found = MinCovDet(random_state=seed).fit(values[drawn])
        middle, covariance = found.location_, found.covariance_
    usual = max(float(np.trace(covariance)) / columns, 1e-12)
    whole = covariance + _RIDGE * usual * np.eye(columns)
    return {"middle": middle, "precision": np.linalg.inv(whole)}


def scores(arrays: "Arrays", values: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return the squared distances."""
    off = values - arrays["middle"]
    return np.asarray(np.maximum(((off @ arrays["precision"]) * off).sum(axis=1), 0.0))
