"""What a row's group is like: statistics of a number by category, and how frequent a label is."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np

# Loaded only where a pipeline is built or read: never by `import keepwell`.
from sklearn.base import BaseEstimator, TransformerMixin  # noqa: TID253

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class GroupStatistic(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Give each row the statistic of a number among the training rows of its group.

    A group that no training row is of has the statistic of all training rows (a count: none).

    Args:
        statistic: `mean`, `median`, `std`, `min`, `max` or `count`.
        difference: Give how far the row's number is from the statistic instead.

    Takes categories, and the number as the last column. `labels_` are the groups (a list of labels each),
    `values_` their statistics, `fallback_` that of an unknown one.
    """

    def __init__(self, statistic: str = "mean", difference: bool = False) -> None:
        self.statistic = statistic
        self.difference = difference

    def fit(self, X: "ArrayLike", y: Any = None) -> Self:
        """Learn the statistics."""
        import pandas as pd

        cells = np.asarray(X, dtype=object)
        self.n_features_in_ = cells.shape[1]
        numbers = cells[:, -1].astype(np.float64)
        keys = pd.Series(_keys(cells))
        grouped = pd.Series(np.where(np.isfinite(numbers), numbers, np.nan)).groupby(
            keys.to_numpy(), sort=False
        )
        found = _statistic(grouped, self.statistic)
        known = found[np.isfinite(found.to_numpy(dtype=np.float64))]
        self.labels_ = [list(key) for key in known.index]
        self.values_ = [float(value) for value in known]
        self.fallback_ = _whole(numbers, self.statistic)
        return self

    def transform(self, X: "ArrayLike") -> "NDArray[np.float64]":
        """Return the statistic of each row's group."""
        cells = np.asarray(X, dtype=object)
        table = {tuple(key): value for key, value in zip(self.labels_, self.values_, strict=True)}
        values = np.array(
            [table.get(key, self.fallback_) for key in _keys(cells)], dtype=np.float64
        )
        if self.difference:
            values = cells[:, -1].astype(np.float64) - values
        return values[:, None]


def _keys(cells: "NDArray[Any]") -> list[tuple[Any, ...]]:
    return [tuple(row) for row in cells[:, :-1].tolist()]


def _statistic(grouped: Any, statistic: str) -> Any:
    return grouped.std(ddof=0) if statistic == "std" else grouped.agg(statistic)


def _whole(numbers: "NDArray[np.float64]", statistic: str) -> float:
    if statistic == "count":
        return 0.0
    known = numbers[np.isfinite(numbers)]
    return float(getattr(np, statistic)(known)) if len(known) else float("nan")


class Frequency(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Give each label its share of the training rows; 0 for one that none of them has.

    `labels_` and `shares_` are lists by column.
    """

    def fit(self, X: "ArrayLike", y: Any = None) -> Self:
        """Count."""
        from collections import Counter

        cells = np.asarray(X, dtype=object)
        self.n_features_in_ = cells.shape[1]
        counted = [Counter(column.tolist()) for column in cells.T]
        self.labels_ = [list(counts) for counts in counted]
        self.shares_ = [
            [count / max(len(cells), 1) for count in counts.values()] for counts in counted
        ]
        return self

    def transform(self, X: "ArrayLike") -> "NDArray[np.float64]":
        """Return the shares."""
        cells = np.asarray(X, dtype=object)
        result = np.zeros(cells.shape)
        for at, (labels, shares) in enumerate(zip(self.labels_, self.shares_, strict=True)):
            table = dict(zip(labels, shares, strict=True))
            result[:, at] = [table.get(label, 0.0) for label in cells[:, at].tolist()]
        return result
