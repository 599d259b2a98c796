"""A class with `fit` and `predict` that knows nothing of scikit-learn, made to answer like one that does."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.training.learners.own.answers import labels_of, numbers_of, probabilities_of
from keepwell.training.learners.own.boundary import user_code

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


class Adapted:
    """Hands a user's model the rows and checks what it answers.

    Args:
        model: Has `predict`, and perhaps `predict_proba`.
        name: As the user knows it: "model.py:Mine".
        path: The file that it came from.
        labels: The classes as the data has them, in the order of their codes; empty for numbers.
    """

    def __init__(
        self, model: Any, name: str = "the model", path: str = "", labels: tuple[Any, ...] = ()
    ) -> None:
        self.model = model
        self.name = name
        self.path = path
        self.labels = labels
        self.classes_ = np.arange(len(labels))
        self.feature_names_in_: list[str] = []  # of the DataFrame that it is asked with

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        from sklearn.base import BaseEstimator

        return BaseEstimator().__sklearn_tags__()

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return what it was made of, as scikit-learn's `clone` asks."""
        return {
            "model": self.model, "name": self.name, "path": self.path, "labels": self.labels
        }  # fmt: skip

    def fit(self, rows: "pd.DataFrame", target: "NDArray[Any]") -> "Adapted":
        """Fit the user's model, as a pipeline would."""
        return self.fitted_to(rows, target, None)

    def predict(self, rows: "pd.DataFrame") -> "NDArray[Any]":
        """Return numbers, or codes of classes."""
        if self.labels:
            return np.asarray(self.predict_proba(rows).argmax(axis=1))
        with user_code(Path(self.path), "predicting"):
            said = self.model.predict(rows.copy())
        return numbers_of(self.name, said, len(rows))

    def predict_proba(self, rows: "pd.DataFrame") -> "NDArray[np.float64]":
        """Return the probability of every class; 1 for the predicted one where the model has none."""
        with user_code(Path(self.path), "predicting"):
            if hasattr(self.model, "predict_proba"):
                said = self.model.predict_proba(rows.copy())
                return probabilities_of(self.name, said, len(rows), len(self.labels))
            said = self.model.predict(rows.copy())
        codes = {label: code for code, label in enumerate(self.labels)}
        return np.eye(len(self.labels))[
            labels_of(self.name, said, len(rows), lambda label: codes.get(_plain(label)))
        ]

    def fitted_to(
        self, rows: "pd.DataFrame", target: "NDArray[Any]", weights: "NDArray[Any] | None"
    ) -> "Adapted":
        """Fit the user's model: to labels as the data has them, or to numbers."""
        self.feature_names_in_ = [str(name) for name in rows.columns]
        wanted: Any = target
        if self.labels:
            wanted = np.array([self.labels[code] for code in target.tolist()])
        with user_code(Path(self.path), "fitting"):
            if weights is not None and _takes(self.model.fit, "sample_weight"):
                self.model.fit(rows.copy(), wanted, sample_weight=weights)
            else:
                self.model.fit(rows.copy(), wanted)
        return self


def _takes(function: Any, name: str) -> bool:
    from inspect import signature

    return name in signature(function).parameters


def _plain(label: Any) -> Any:
    return label.item() if hasattr(label, "item") else label
