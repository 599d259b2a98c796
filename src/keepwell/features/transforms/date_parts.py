"""Points in time as the parts of a calendar that a model can split on."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np

# Loaded only where a pipeline is built or read: never by `import keepwell`.
from sklearn.base import BaseEstimator, TransformerMixin  # noqa: TID253

from keepwell.features.calendar import PARTS, calendar_parts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class DateParts(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Turn Unix seconds into year, month, day, weekday, day of year, hour, minute (UTC).

    Parts that never change in the training rows are left out: dates without a time of day have no
    hour. `parts_` holds, by input column, the parts that are kept; outputs follow in that order.
    """

    def fit(self, X: "ArrayLike", y: Any = None) -> Self:
        """Learn which parts vary."""
        values = np.asarray(X, dtype=np.float64)
        self.n_features_in_ = values.shape[1]
        self.parts_ = [_varying(values[:, column]) for column in range(values.shape[1])]
        return self

    def transform(self, X: "ArrayLike") -> "NDArray[np.float64]":
        """Return the kept parts of every column, side by side."""
        values = np.asarray(X, dtype=np.float64)
        blocks = [calendar_parts(values[:, i], parts) for i, parts in enumerate(self.parts_)]
        return np.hstack(blocks) if blocks else np.empty((len(values), 0))


def _varying(seconds: "NDArray[np.float64]") -> list[str]:
    parts = calendar_parts(seconds[np.isfinite(seconds)])
    if not len(parts):
        return ["year"]
    return [name for name, values in zip(PARTS, parts.T, strict=True) if np.ptp(values)] or ["year"]
