"""`LGBMClassifier` and `LGBMRegressor`: the booster as LightGBM's own text."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from keepwell.deployment.scoring.heads.library import Booster
from keepwell.deployment.scoring.heads.storage import keep
from keepwell.deployment.scoring.parts import Data, NotCompilableError, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray

FILE = "booster.txt"


class Boosted:
    """Asks the booster.

    Args:
        read: Gives the bundle's files.
        file: The one with the booster.
        features: Number of columns that it takes.
        binary: It gives the probability of the second of two classes only.
    """

    method: ClassVar[str] = "tree-shap"

    def __init__(self, *, read: Read, file: str, features: int, binary: bool) -> None:
        self._booster = Booster(read(file), features)
        self._binary = binary

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Write the booster out, up to its best iteration."""
        if callable(fitted.objective):
            raise NotCompilableError(f"{type(fitted).__name__} has an objective of its own")
        booster = fitted.booster_
        if booster.pandas_categorical:
            raise NotCompilableError(f"{type(fitted).__name__} was fitted on pandas categories")
        classes = getattr(fitted, "classes_", None)
        return {
            "file": keep(files, FILE, booster.model_to_string().encode()),
            "features": int(booster.num_feature()),
            "binary": classes is not None and booster.num_model_per_iteration() == 1,
        }

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        answer = self._booster.row(features)
        return [1.0 - answer[0], answer[0]] if self._binary else answer

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        answer = self._booster.batch(features)
        return np.hstack([1.0 - answer, answer]) if self._binary else answer

    def margin(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return the booster's raw scores: log-odds for two classes."""
        return self._booster.raw(features)

    def contributions(
        self, features: "NDArray[np.float64]", typical: "NDArray[np.float64]"
    ) -> "NDArray[np.float64]":
        """Return exact Shapley values by the paths of the trees, which know what is typical."""
        return self._booster.contributions(features)
