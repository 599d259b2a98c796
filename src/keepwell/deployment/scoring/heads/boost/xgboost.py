"""`XGBClassifier` and `XGBRegressor`: the booster in XGBoost's own binary JSON."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.boost.library import Booster
from keepwell.deployment.scoring.heads.storage import keep
from keepwell.deployment.scoring.parts import Data, NotCompilableError, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WITH_PROBABILITIES = ("binary:logistic", "multi:softprob")


class XGBoost:
    """Asks the booster.

    Args:
        read: Gives the bundle's files.
        file: The one with the booster.
        features: Number of columns that it takes.
        rounds: How many rounds of trees answer; 0 for all.
        missing: The number that stands for a missing one; null for NaN.
        binary: It gives the probability of the second of two classes only.
    """

    def __init__(
        self,
        *,
        read: Read,
        file: str,
        features: int,
        rounds: int,
        missing: float | None,
        binary: bool,
    ) -> None:
        self._booster = Booster(read(file), features, rounds=rounds, missing=missing)
        self._binary = binary

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Write the booster out; what answers is up to its best round."""
        name = type(fitted).__name__
        booster = fitted.get_booster()
        classes = getattr(fitted, "n_classes_", None)
        if callable(fitted.objective):
            raise NotCompilableError(f"{name} has an objective of its own")
        if fitted.booster == "gblinear":
            raise NotCompilableError(f"{name} is linear, which XGBoost scores in another way")
        if any(kind == "c" for kind in booster.feature_types or ()):
            raise NotCompilableError(f"{name} was fitted on pandas categories")
        if classes is not None and fitted.objective not in _WITH_PROBABILITIES:
            raise NotCompilableError(f"{name} has the objective {fitted.objective}")
        missing = float(fitted.missing)
        return {
            "file": keep(files, "xgboost.ubj", bytes(booster.save_raw("ubj"))),
            "features": int(booster.num_features()),
            "rounds": int(fitted._get_iteration_range(None)[1]),
            "missing": None if np.isnan(missing) else missing,
            "binary": fitted.objective == "binary:logistic" and classes is not None,
        }

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        return self._answer(self._booster.row(features))[0].tolist()  # type: ignore[no-any-return]

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        return self._answer(self._booster.batch(features)).astype(np.float64)

    def _answer(self, given: "NDArray[np.float32]") -> "NDArray[np.float32]":
        return np.hstack([np.float32(1.0) - given, given]) if self._binary else given
