"""A classifier whose probabilities are bent, as a program without Keepwell has it.

Its curves are not fitted again: they were fitted to what the search held back. They are written down.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

# Loaded only where a program is written, or runs: never by `import keepwell`.
from scipy.interpolate import interp1d  # noqa: TID253
from scipy.special import expit  # noqa: TID253
from sklearn.base import BaseEstimator, ClassifierMixin, clone  # noqa: TID253

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Bent(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """A classifier with a curve for each class; of two classes, one for the second.

    Args:
        estimator: Gives probabilities.
        curves: `("sigmoid", a, b)`, or `("isotonic", probabilities, what they are bent to)`.
    """

    def __init__(self, estimator: Any = None, curves: Sequence[Any] = ()) -> None:
        self.estimator, self.curves = estimator, curves

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the estimator; the curves are as they are."""
        more = {} if sample_weight is None else {"sample_weight": sample_weight}
        self.inner_ = clone(self.estimator).fit(X, y, **more)
        self.classes_ = self.inner_.classes_
        return self

    def predict_proba(self, X: Any) -> "NDArray[np.float64]":
        """Return bent probabilities, that add up to 1."""
        given = self.inner_.predict_proba(X)
        bent = np.zeros(given.shape)
        if len(self.curves) == 1:
            bent[:, 1] = self._bend(self.curves[0], given[:, 1])
            bent[:, 0] = 1.0 - bent[:, 1]
            return bent
        for at, curve in enumerate(self.curves):
            bent[:, at] = self._bend(curve, given[:, at])
        whole = bent.sum(axis=1)[:, None]
        same = np.full_like(bent, 1 / bent.shape[1])
        shared: NDArray[np.float64] = np.divide(bent, whole, out=same, where=whole != 0)
        return shared

    def predict(self, X: Any) -> Any:
        """Return the likeliest class."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def _bend(self, curve: Sequence[Any], values: Any) -> Any:
        kind, first, second = curve
        if kind == "sigmoid":
            return expit(-(first * values + second))
        if len(first) == 1:
            return np.full(values.shape, second[0])
        line = interp1d(first, second, kind="linear", bounds_error=False)
        return line(np.clip(values, first[0], first[-1]))


def curves_of(calibrated: Any) -> list[tuple[Any, ...]]:
    """Return the curves of a fitted `CalibratedClassifierCV` as they are written down."""
    (only,) = calibrated.calibrated_classifiers_
    found: list[tuple[Any, ...]] = []
    for each in only.calibrators:
        if hasattr(each, "a_"):
            found.append(("sigmoid", float(each.a_), float(each.b_)))
        else:
            places, values = each.X_thresholds_.tolist(), each.y_thresholds_.tolist()
            found.append(("isotonic", places, values))
    return found


def is_bent(model: Any) -> bool:
    """Tell whether a model's probabilities were bent after it was fitted, as the search does it."""
    inner = getattr(model, "estimator", None)
    return (
        type(model).__name__ == "CalibratedClassifierCV"
        and type(inner).__name__ == "FrozenEstimator"
        and len(getattr(model, "calibrated_classifiers_", ())) == 1
    )
