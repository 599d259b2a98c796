"""Probabilities that hold: bent by what the model said about rows that were held out.

The curve is fitted to held-out answers, so that it sees the model as new rows will. `auto` keeps a curve only
if it lowers the log loss where it was not fitted, in turn over the folds.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.tracking.metrics.measures import log_loss
from keepwell.training.ensembling.combining import vote
from keepwell.training.ensembling.selection import Ensemble

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FEWEST = 100  # rows; from fewer, a curve is a guess
_LEAST_GAIN = 0.002  # of the log loss, as a share
_PARTS = 5
METHODS = ("sigmoid", "isotonic")


def calibrated(
    pipeline: Any, ensemble: Ensemble | None, method: str
) -> tuple[Any, str, Ensemble | None]:
    """Return the pipeline with calibrated probabilities, what was done, and the held-out answers bent.

    Args:
        pipeline: Fitted, a classifier.
        ensemble: What it said about held-out rows.
        method: `isotonic`, `sigmoid`, or `auto`.
    """
    if ensemble is None or len(ensemble.actual) < _FEWEST:
        told = "probabilities are as they are: there are too few held-out rows for a curve"
        return pipeline, told, ensemble
    answer, actual = ensemble.answer, ensemble.actual
    before = log_loss(actual, answer)
    if method == "auto":
        losses = {name: log_loss(actual, _crossed(answer, actual, name)) for name in METHODS}
        best = min(losses, key=lambda name: losses[name])
        if not losses[best] < before * (1 - _LEAST_GAIN):
            told = f"probabilities are as they are: no curve lowers the log loss of {before:.4g}"
            return pipeline, told, ensemble
        method = best
    crossed = _crossed(answer, actual, method)
    told = (
        f"probabilities are calibrated ({method}): the log loss of held-out rows goes from "
        f"{before:.4g} to {log_loss(actual, crossed):.4g}"
    )
    return _bent(pipeline, answer, actual, method), told, replace(ensemble, answer=crossed)


def _bent(pipeline: Any, answer: "NDArray[np.float64]", actual: "NDArray[Any]", method: str) -> Any:
    """Return the pipeline with the curve as its last step, or around it where it is a vote."""
    from sklearn.pipeline import Pipeline

    made = _fitted(answer, actual, method)
    if not isinstance(pipeline, Pipeline):
        return _around(made, pipeline)
    *before, (name, model) = pipeline.steps
    return Pipeline([*before, (name, _around(made, model))])


def opened_curve(pipeline: Any) -> tuple[Any, Any]:
    """Return the pipeline inside a curve, and the curve; None in its place where there is none."""
    from sklearn.pipeline import Pipeline

    if not isinstance(pipeline, Pipeline):
        return (pipeline, None) if not _is_curve(pipeline) else (_inside(pipeline), pipeline)
    *before, (name, model) = pipeline.steps
    if not _is_curve(model):
        return pipeline, None
    return Pipeline([*before, (name, _inside(model))]), model


def with_curve(curve: Any, pipeline: Any) -> Any:
    """Return another pipeline with a curve of `opened_curve` around it; the curve stays as it is."""
    from sklearn.pipeline import Pipeline

    if not isinstance(pipeline, Pipeline):
        return _around(_copied(curve), pipeline)
    *before, (name, model) = pipeline.steps
    return Pipeline([*before, (name, _around(_copied(curve), model))])


def bent(curve: Any, answer: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return probabilities as a curve of `opened_curve` gives them."""
    made = _around(_copied(curve), stand_in_of(answer.shape[1]))
    return np.asarray(made.predict_proba(answer), dtype=np.float64)


def _is_curve(model: Any) -> bool:
    """Tell whether it is one that `calibrated` made: around a fitted model."""
    name = type(getattr(model, "estimator", None)).__name__
    return type(model).__name__ == "CalibratedClassifierCV" and name == "FrozenEstimator"


def _inside(curve: Any) -> Any:
    """Return the model inside; of a vote of one, that one."""
    model = curve.estimator.estimator
    alone = type(model).__name__ == "VotingClassifier" and len(model.estimators_) == 1
    return model.estimators_[0] if alone else model


def _copied(curve: Any) -> Any:
    made = copy.copy(curve)
    made.calibrated_classifiers_ = [copy.copy(each) for each in curve.calibrated_classifiers_]
    return made


def _around(made: Any, model: Any) -> Any:
    """Put a model in the place of the stand-in that the curve was fitted with."""
    from sklearn.frozen import FrozenEstimator

    if hasattr(model, "decision_function"):
        # It would be asked for that; the curve is one of probabilities. A vote has nothing else.
        model = vote([(model, 1.0)])
    made.estimator = FrozenEstimator(model)
    for each in made.calibrated_classifiers_:
        each.estimator = made.estimator
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(made, name):
            delattr(made, name)
        if hasattr(model, name):
            setattr(made, name, getattr(model, name))
    return made


def _fitted(answer: "NDArray[np.float64]", actual: "NDArray[Any]", method: str) -> Any:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    stand_in = FrozenEstimator(stand_in_of(answer.shape[1]))
    made = CalibratedClassifierCV(stand_in, method=method, cv=_all_rows(len(actual)), ensemble=True)
    return made.fit(answer, actual)


def _all_rows(rows: int) -> "Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]":
    every = np.arange(rows)
    return [(every, every)]


def stand_in_of(classes: int) -> Any:
    """Return a fitted classifier whose probabilities are its inputs."""
    from sklearn.base import BaseEstimator, ClassifierMixin

    class Given(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        """Answers what it is asked."""

        def fit(self, values: Any, target: Any) -> Any:
            self.classes_ = np.arange(classes)
            self.n_features_in_ = classes
            return self

        def predict_proba(self, values: Any) -> Any:
            return values

        def predict(self, values: Any) -> Any:
            return np.asarray(values).argmax(axis=1)

    return Given().fit(None, None)


def _crossed(
    answer: "NDArray[np.float64]", actual: "NDArray[Any]", method: str
) -> "NDArray[np.float64]":
    """Return the answers bent by curves that were fitted to other rows."""
    hands = np.arange(len(actual)) % _PARTS
    bent = answer.copy()
    for hand in range(_PARTS):
        others = hands != hand
        if len(np.unique(actual[others])) == answer.shape[1]:
            curve = _fitted(answer[others], actual[others], method)
            bent[~others] = curve.predict_proba(answer[~others])
    return bent


def best_method(answer: "NDArray[np.float64]", actual: "NDArray[Any]") -> str:
    """Return the kind of curve with the lower log loss on rows that it was not fitted to, in turn."""
    losses = {name: log_loss(actual, _crossed(answer, actual, name)) for name in METHODS}
    return min(losses, key=lambda name: losses[name])


def fitted_curve(
    answer: "NDArray[np.float64]", actual: "NDArray[Any]", method: str
) -> "Callable[[NDArray[np.float64]], NDArray[np.float64]]":
    """Return what bends probabilities, fitted to answers and to what turned out true."""
    curve = _fitted(answer, actual, method)
    return lambda chances: np.asarray(curve.predict_proba(chances), dtype=np.float64)


def recalibrated(
    pipeline: Any, answer: "NDArray[np.float64]", actual: "NDArray[Any]", method: str
) -> Any:
    """Return a pipeline without a curve with one around it that is fitted to its answers."""
    return _bent(pipeline, answer, actual, method)
