"""A classifier for each label, side by side: each says whether its label applies."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

# Loaded only where a pipeline is built or read: never by `import keepwell`.
from sklearn.base import BaseEstimator, ClassifierMixin  # noqa: TID253

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class LabelBank(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Answers with the probability of each label, by itself: they do not add up to 1.

    Args:
        members: Fitted classifiers of two classes, one a label.
    """

    def __init__(self, members: Sequence[Any] = ()) -> None:
        self.members = members

    def fit(self, X: "ArrayLike", y: Any = None) -> "LabelBank":
        """Note how many columns there are; the members are fitted already."""
        self.n_features_in_ = X.shape[1]  # type: ignore[union-attr]
        self.classes_ = np.arange(len(self.members))
        return self

    def predict_proba(self, X: "ArrayLike") -> "NDArray[np.float64]":
        """Return a column for each label."""
        columns = [np.asarray(one.predict_proba(X), dtype=np.float64)[:, 1] for one in self.members]
        return np.column_stack(columns)
