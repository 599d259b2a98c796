"""A regression with quantiles beside its number: models side by side, over the same columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

# Loaded only where a pipeline is built or read: never by `import keepwell`.
from sklearn.base import BaseEstimator, RegressorMixin  # noqa: TID253

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class Banded(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Answers with the number, and then each quantile, none below the one before.

    Args:
        point: Fitted; predicts the number.
        bands: Fitted; one for each quantile, ascending.
        shifts: Added to each quantile, so that intervals hold the truth as often as they should.
    """

    def __init__(
        self, point: Any = None, bands: Sequence[Any] = (), shifts: Sequence[float] = ()
    ) -> None:
        self.point, self.bands, self.shifts = point, bands, shifts

    def fit(self, X: "ArrayLike", y: Any = None) -> "Banded":
        """Note how many columns there are; the members are fitted already."""
        self.n_features_in_ = np.shape(X)[1]
        return self

    def predict(self, X: "ArrayLike") -> "NDArray[np.float64]":
        """Return a row for each row: the number, then the quantiles."""
        numbers = np.asarray(self.point.predict(X), dtype=np.float64)
        columns = [
            np.asarray(band.predict(X), dtype=np.float64) + shift
            for band, shift in zip(self.bands, self.shifts, strict=True)
        ]
        return np.column_stack([numbers, np.sort(np.column_stack(columns), axis=1)])
