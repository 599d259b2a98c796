"""`GaussianNB`: a bell curve per class and column."""

import math
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.links import LINKS
from keepwell.deployment.scoring.parts import Data, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Gaussian:
    """Adds up how far a row is from the middle of each class.

    Args:
        read: Not used.
        starts: By class, what every row gets.
        means: By class, by column.
        variances: By class, by column.
    """

    def __init__(
        self,
        *,
        read: Read,
        starts: list[float],
        means: list[list[float]],
        variances: list[list[float]],
    ) -> None:
        self._starts = np.array(starts)
        self._means, self._variances = np.array(means), np.array(variances)

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the curves."""
        spread = np.log(2.0 * math.pi * fitted.var_).sum(axis=1)
        return {
            "starts": (np.log(fitted.class_prior_) - 0.5 * spread).tolist(),
            "means": fitted.theta_.tolist(),
            "variances": fitted.var_.tolist(),
        }

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        away = np.array(features) - self._means
        likely = self._starts - 0.5 * (away * away / self._variances).sum(axis=1)
        return LINKS["softmax"].row(likely.tolist())

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        distances = [
            (((features - means) ** 2) / variances).sum(axis=1)
            for means, variances in zip(self._means, self._variances, strict=True)
        ]
        return LINKS["softmax"].batch(self._starts - 0.5 * np.column_stack(distances))
