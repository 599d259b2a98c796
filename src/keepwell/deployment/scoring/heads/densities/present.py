"""`BernoulliNB`: which columns are on."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.linear import Weighted, weights_data
from keepwell.deployment.scoring.parts import Data, NotCompilableError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Present(Weighted):
    """Adds up logarithms of probabilities of what is on, and of what is not.

    Args:
        threshold: Above it a column is on; null if columns are taken as they are.
        **weighted: As `Weighted` takes them.
    """

    def __init__(self, *, threshold: float | None, **weighted: Any) -> None:
        super().__init__(**weighted)
        self._threshold = threshold

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the logarithms."""
        if fitted.binarize is not None and not np.isfinite(fitted.binarize):
            raise NotCompilableError("BernoulliNB has a threshold that is not finite")
        on = fitted.feature_log_prob_
        with np.errstate(divide="ignore"):
            off = np.log(1 - np.exp(on))
        data = weights_data(fitted, on - off, fitted.class_log_prior_ + off.sum(axis=1))
        return data | {"link": "softmax", "threshold": fitted.binarize}

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        threshold = self._threshold
        if threshold is not None:
            features = [float(feature > threshold) for feature in features]
        return super().row(features)

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        if self._threshold is not None:
            features = (features > self._threshold).astype(np.float64)
        return super().batch(features)
