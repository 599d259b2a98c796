"""What a fold may lack, and what a learner does then."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.training.learners.base import Fitted, Watch
from keepwell.training.problem import Matrix, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray


def lonely(
    problem: Problem,
    train: Matrix,
    target: "NDArray[Any]",
    weights: "NDArray[np.float64] | None",
) -> Fitted | None:
    """Return what to answer where the rows hold one class only; None if they hold more.

    Boosters and linear models refuse such rows, though the next fold may be fine.
    """
    if problem.task.numeric or len(np.unique(target)) > 1:
        return None
    from sklearn.dummy import DummyClassifier

    return Fitted(model=DummyClassifier(strategy="prior").fit(train.values, target, weights))


def held_out(
    watch: Watch, problem: Problem, target: "NDArray[Any]"
) -> "tuple[Any, NDArray[Any]] | None":
    """Return the rows to stop early by, less those of classes that the training rows lack."""
    if watch.validation is None:
        return None
    held, actual = watch.validation
    if problem.task.numeric:
        return held.values, actual
    known = np.isin(actual, np.unique(target))
    if not known.any():
        return None
    return (held.values, actual) if known.all() else (held.values[known], actual[known])


class Recoded:
    """A classifier fitted on the codes 0, 1, 2 … of classes some of which the rows lacked.

    Only folds lack classes, so what is served is never one of these.

    Args:
        model: Knows the classes by their new codes.
        classes: The code of each in the problem.
    """

    def __init__(self, model: Any, classes: "NDArray[np.int64]") -> None:
        self._model = model
        self.classes_ = classes

    def predict_proba(self, values: Any) -> "NDArray[np.float64]":
        """Return the probabilities of `classes_`."""
        return np.asarray(self._model.predict_proba(values), dtype=np.float64)

    def predict(self, values: Any) -> "NDArray[np.int64]":
        """Return the codes of the likeliest classes."""
        return np.asarray(self.classes_[self.predict_proba(values).argmax(axis=1)])


def seed_of(problem: Problem) -> int:
    """Return the problem's seed as libraries take it: 31 bits."""
    return problem.seed % 2**31


def has_text(problem: Problem) -> bool:
    """Tell whether the prepared rows may be a sparse matrix."""
    return any(field.type == "text" for field in problem.signature.inputs)
