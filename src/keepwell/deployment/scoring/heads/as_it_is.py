"""An estimator that has no compiled form, run as it is."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.classes import classes_of
from keepwell.deployment.scoring.heads.columns import columns_of
from keepwell.deployment.scoring.intake import takes_texts
from keepwell.deployment.scoring.parts import Read

if TYPE_CHECKING:
    from numpy.typing import NDArray


class AsItIs:
    """Asks the original.

    Args:
        read: Gives the bundle's files.
        file: The one with the original.
        names: Of the columns that it was fitted on; null if they had none.
        where: The names that lead to it in its pipeline.
        reason: Why it is not compiled.
        ask: `answer`, `score` or `label`, as `members` has them.
    """

    def __init__(
        self,
        *,
        read: Read,
        file: str,
        names: list[str] | None,
        where: str,
        reason: str,
        ask: str = "answer",
    ) -> None:
        from keepwell.deployment.scoring.original import load_pipeline

        self._fitted = load_pipeline(read(file))
        self._names, self._ask = names, ask
        self._texts = takes_texts(self._fitted)

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        held = object if any(type(value) is not float for value in features) else np.float64
        answer: list[float] = self.batch(np.array([features], dtype=held))[0].tolist()
        return answer

    def batch(self, features: "NDArray[Any]") -> "NDArray[np.float64]":
        """Answer rows."""
        if not len(features):  # which scikit-learn refuses
            classes = classes_of(self._fitted)
            single = classes is None or self._ask == "label"
            single = single or (self._ask == "score" and len(classes) == 2)  # noqa: PLR2004
            return np.empty((0, 1 if single else len(classes)))
        given: Any = features[:, 0] if self._texts else features
        if self._names is not None:
            from keepwell.deployment.scoring.original import as_frame

            given = as_frame(self._names, columns_of(features))
        return asked(self._fitted, given, self._ask)


def asked(fitted: Any, given: Any, ask: str) -> "NDArray[np.float64]":
    """Return what a fitted estimator answers, as the matrix that a head would give."""
    if ask == "score":
        answer = fitted.decision_function(given)
    elif (classes := classes_of(fitted)) is None:
        answer = fitted.predict(given)
    elif ask == "answer" and hasattr(fitted, "predict_proba"):
        answer = fitted.predict_proba(given)
    else:
        places = np.searchsorted(classes, fitted.predict(given))
        answer = places if ask == "label" else np.eye(len(classes))[places]
    return np.asarray(answer, dtype=np.float64).reshape(len(given), -1)
