"""Measures of predicted numbers."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


_LEAST = 1e-9  # of an expected count


def mse(actual: "Floats", predicted: "Floats") -> float:
    """Return the mean squared error."""
    return float(np.mean((actual - predicted) ** 2))


def rmse(actual: "Floats", predicted: "Floats") -> float:
    """Return the root of the mean squared error, in the target's own unit."""
    return float(np.sqrt(mse(actual, predicted)))


def mae(actual: "Floats", predicted: "Floats") -> float:
    """Return the mean absolute error, in the target's own unit."""
    return float(np.mean(np.abs(actual - predicted)))


def r2(actual: "Floats", predicted: "Floats") -> float:
    """Return the share of the target's variance that is explained; 0 is as good as its mean.

    Of a constant target nothing can be explained: 1 if it was met exactly, else 0.
    """
    spread = float(np.sum((actual - actual.mean()) ** 2))
    missed = float(np.sum((actual - predicted) ** 2))
    if spread == 0.0:
        return 1.0 if missed == 0.0 else 0.0
    return 1.0 - missed / spread


def mean_poisson_deviance(actual: "NDArray[np.float64]", predicted: "NDArray[np.float64]") -> float:
    """Return how unlikely counts are where so many were expected; 0 where every one is met.

    An expectation below a tiny number counts as that number: no count is impossible.
    """
    expected = np.maximum(predicted, _LEAST)
    ratio = np.where(actual > 0, actual, expected) / expected
    return float(2.0 * np.mean(actual * np.log(ratio) - actual + expected))


def smape(actual: "Floats", predicted: "Floats") -> float:
    """Return the mean error as a share of the mean of both sizes, from 0 to 2; two zeros are no error."""
    size = (np.abs(actual) + np.abs(predicted)) / 2.0
    shares = np.abs(actual - predicted) / np.where(size > 0, size, 1.0)
    return float(np.mean(shares))


def wape(actual: "Floats", predicted: "Floats") -> float:
    """Return the sum of the errors as a share of the sum of the sizes."""
    return float(np.abs(actual - predicted).sum() / np.abs(actual).sum())


def explained_variance(actual: "Floats", predicted: "Floats") -> float:
    """Return the share of the variance that is explained once the mean error is forgiven."""
    spread = float(np.var(actual))
    missed = float(np.var(actual - predicted))
    if spread == 0.0:
        return 1.0 if missed == 0.0 else 0.0
    return 1.0 - missed / spread


def mape(actual: "Floats", predicted: "Floats") -> float | None:
    """Return the mean error as a share of the truth; undecided where a true value is 0."""
    size = np.abs(actual)
    if not size.all():
        return None
    tiny = np.finfo(np.float64).eps
    return float(np.mean(np.abs(actual - predicted) / np.maximum(size, tiny)))


def rmsle(actual: "Floats", predicted: "Floats") -> float | None:
    """Return the rmse of `log(1 + value)`; undecided where a value is negative."""
    if actual.min() < 0 or predicted.min() < 0:
        return None
    return rmse(np.log1p(actual), np.log1p(predicted))


def pinball(actual: "Floats", predicted: "Floats", quantile: float) -> float:
    """Return the loss that a forecast of the quantile minimises, in the target's own unit."""
    short = actual - predicted
    return float(np.mean(np.where(short >= 0, quantile * short, (quantile - 1) * short)))


MEASURES: "dict[str, Callable[[Floats, Floats], float | None]]" = {
    "rmse": rmse,
    "mae": mae,
    "r2": r2,
    "mse": mse,
    "median_ae": lambda actual, predicted: float(np.median(np.abs(actual - predicted))),
    "max_error": lambda actual, predicted: float(np.max(np.abs(actual - predicted))),
    "explained_variance": explained_variance,
    "mape": mape,
    "rmsle": rmsle,
    "pinball_10": lambda actual, predicted: pinball(actual, predicted, 0.1),
    "pinball_50": lambda actual, predicted: pinball(actual, predicted, 0.5),
    "mean_poisson_deviance": lambda actual, predicted: (
        mean_poisson_deviance(actual, predicted) if (actual >= 0).all() else None
    ),
    "smape": smape,
    "wape": lambda actual, predicted: wape(actual, predicted) if actual.any() else None,
    "pinball_90": lambda actual, predicted: pinball(actual, predicted, 0.9),
}
