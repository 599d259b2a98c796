"""Fitting an estimator of scikit-learn's kind that somebody else chose."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import TrainingError
from keepwell.training.learners.base import Fitted, Watch
from keepwell.training.learners.folds import lonely, seed_of
from keepwell.training.learners.own.answers import numbers_of, probabilities_of
from keepwell.training.problem import Matrix, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PROBED = 200  # rows that a model is tried on before it is let into the race


def check_kind(name: str, estimator: Any, problem: Problem) -> None:
    """Refuse an estimator that cannot do the task.

    Raises:
        TrainingError: Says which would.
    """
    from sklearn.base import is_classifier, is_clusterer, is_regressor

    numeric = problem.task.numeric
    wanted, found = ("regressor", "classifier") if numeric else ("classifier", "regressor")
    if (is_classifier if numeric else is_regressor)(estimator) or is_clusterer(estimator):
        kind = "clusterer" if is_clusterer(estimator) else found
        other = name.replace(found.capitalize(), wanted.capitalize())
        raise TrainingError(
            f"{name} is a {kind}, and the task is {problem.task.value}",
            why=f"'{problem.signature.target}' is predicted by a {wanted}",
            now=f"name {other if other != name else 'a ' + wanted} under `train: learners:`",
        )
    if not numeric and not hasattr(estimator, "predict_proba"):
        settings: dict[str, Any] = getattr(estimator, "get_params", dict)()
        now = (
            f"write it as {{{name}: {{probability: true}}}}"
            if "probability" in settings
            else f"bring it by a model.py that returns CalibratedClassifierCV({type(estimator).__name__}())"
        )
        raise TrainingError(
            f"{name} gives no probabilities",
            why="classes are chosen, compared and thresholded by their probabilities",
            now=now,
        )


def prepared(estimator: Any, problem: Problem) -> Any:
    """Return the estimator with the problem's seed, where it has none of its own."""
    settings = estimator.get_params() if hasattr(estimator, "get_params") else {}
    own: dict[str, Any] = {}
    for key, value in settings.items():
        leaf = key.rpartition("__")[2]
        if leaf == "random_state" and value is None:
            own[key] = seed_of(problem)
    return estimator.set_params(**own) if own else estimator


def fit_estimator(
    name: str,
    estimator: Any,
    problem: Problem,
    train: Matrix,
    target: "NDArray[Any]",
    weights: "NDArray[np.float64] | None",
    watch: Watch,
) -> Fitted:
    """Fit an estimator and see that it answers."""
    if (alone := lonely(problem, train, target, weights)) is not None:
        return alone
    note = ""
    extra: dict[str, Any] = {}
    if weights is not None:
        key = _weights_of(estimator)
        if key:
            extra[key] = weights
        else:
            note = f"{name} knows no weights of rows: all count the same"
    values = train.values.copy()  # a model that writes into its rows harms nobody else's
    model = prepared(estimator, problem).fit(values, target, **extra)
    probe = watch.validation[0].values if watch.validation is not None else train.values
    _must_answer(name, model, probe[:_PROBED], problem)
    return Fitted(model=model, note=note)


def _must_answer(name: str, model: Any, rows: Any, problem: Problem) -> None:
    count = rows.shape[0]
    before = rows.copy()
    if problem.task.numeric:
        numbers_of(name, model.predict(before), count)
    else:
        probabilities_of(name, model.predict_proba(before), count, len(model.classes_))


def _weights_of(estimator: Any) -> str:
    """Return the name by which `fit` takes weights of rows; empty if it takes none."""
    from sklearn.pipeline import Pipeline
    from sklearn.utils.validation import has_fit_parameter

    if isinstance(estimator, Pipeline):
        last, step = estimator.steps[-1]
        return f"{last}__sample_weight" if has_fit_parameter(step, "sample_weight") else ""
    return "sample_weight" if has_fit_parameter(estimator, "sample_weight") else ""
