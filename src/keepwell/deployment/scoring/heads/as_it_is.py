"""An estimator that has no compiled form, run as it is."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Read

if TYPE_CHECKING:
    from numpy.typing import NDArray


class AsItIs:
    """Asks the fitted estimator itself, in the frame or matrix that it was fitted on.

    Args:
        read: Gives the bundle's files.
        file: The one with the estimator.
        names: Names of the columns that it was fitted on; null if they had none.
        where: The names that lead to it in its pipeline.
        reason: Why it is not compiled.
    """

    def __init__(
        self, *, read: Read, file: str, names: list[str] | None, where: str, reason: str
    ) -> None:
        from keepwell.deployment.scoring.original import load_pipeline

        self._fitted = load_pipeline(read(file))
        self._names = names
        self._ask = getattr(self._fitted, "predict_proba", self._fitted.predict)

    def row(self, features: list[Any]) -> list[float]:
        """Answer one row."""
        numbers = all(isinstance(value, float) for value in features)
        answer: list[float] = self.batch(
            np.array([features], dtype=np.float64 if numbers else object)
        )[0].tolist()
        return answer

    def batch(self, features: "NDArray[Any]") -> "NDArray[np.float64]":
        """Answer rows."""
        given: Any = features
        if self._names is not None:
            from keepwell.deployment.scoring.original import as_frame

            given = as_frame(self._names, list(features.T))
        answer = np.asarray(self._ask(given), dtype=np.float64)
        return answer.reshape(len(features), -1)
