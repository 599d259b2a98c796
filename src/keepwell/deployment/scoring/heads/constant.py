"""`DummyClassifier` and `DummyRegressor`: the same answer to everything."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Data, NotCompilableError, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Constant:
    """Answers without looking.

    Args:
        read: Not used.
        answer: The answer.
    """

    def __init__(self, *, read: Read, answer: list[float]) -> None:
        self._answer = answer

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Ask the original once; what it answers must not depend on chance."""
        if fitted.strategy in ("stratified", "uniform"):
            raise NotCompilableError(f"DummyClassifier answers at random ({fitted.strategy})")
        ask = getattr(fitted, "predict_proba", fitted.predict)
        return {"answer": np.ravel(ask(np.zeros((1, 1)))).tolist()}

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        return list(self._answer)

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        return np.tile(np.array(self._answer, dtype=np.float64), (len(features), 1))
