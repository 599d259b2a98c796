"""Linear models: quick, steady with few rows, and sensible beyond the range they have seen."""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keepwell.features.preparation import Flavour
from keepwell.training.learners.base import Candidate, Fitted, Learner, Suggest, Watch
from keepwell.training.learners.folds import lonely, seed_of
from keepwell.training.problem import Matrix, Problem
from keepwell.training.trained import Params

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ITERATIONS = 300


class Linear:
    """Logistic regression for classes, ridge regression for numbers."""

    flavour: Flavour = "linear"
    interruptible = False

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return a loose and a tight fit."""
        name = "alpha" if problem.task.numeric else "C"
        return [
            Candidate(name=f"linear/{label}", learner="linear", params={name: value})
            for label, value in (("plain", 1.0), ("tight", 30.0 if name == "alpha" else 0.03))
        ]

    def space(self, suggest: Suggest, problem: Problem) -> Params:
        """Return a strength of the penalty."""
        name, low, high = ("alpha", 1e-3, 1e3) if problem.task.numeric else ("C", 1e-3, 1e2)
        return {name: suggest.suggest_float(name, low, high, log=True)}

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return a guess: logistic regression passes over the rows some hundred times."""
        return 1e-7 * rows * columns * max(classes - 1, 0.1)

    def fit(
        self,
        candidate: Candidate,
        problem: Problem,
        train: Matrix,
        target: "NDArray[Any]",
        weights: "NDArray[np.float64] | None",
        watch: Watch,
    ) -> Fitted:
        """Fit to scaled rows."""
        if (alone := lonely(problem, train, target, weights)) is not None:
            return alone
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression, Ridge

        model = (
            Ridge(**candidate.params)
            if problem.task.numeric
            else LogisticRegression(
                max_iter=_ITERATIONS, random_state=seed_of(problem), **candidate.params
            )
        )
        with warnings.catch_warnings():
            # A fit that stops before the last digit is still a candidate: its folds judge it.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return Fitted(model=model.fit(train.values, target, sample_weight=weights))


if TYPE_CHECKING:
    _: type[Learner] = Linear
