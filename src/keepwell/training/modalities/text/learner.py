"""Linear models over all the words, pairs and runs of letters of a text.

With few thousand short texts they are hard to beat, and they are served in microseconds.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keepwell.core.records import ColumnType
from keepwell.features.preparation import Flavour
from keepwell.training.learners.base import Candidate, Fitted, Learner, Watch
from keepwell.training.problem import Matrix, Problem
from keepwell.training.trained import Params

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CLASSIFIERS: dict[str, Params] = {
    "margin": {"loss": "hinge", "C": 0.3},
    "plain": {"loss": "logistic", "C": 10.0},
    "loose": {"loss": "logistic", "C": 40.0},
    "tight": {"loss": "logistic", "C": 1.0},
}
_REGRESSORS: dict[str, Params] = {"plain": {"alpha": 1.0}, "loose": {"alpha": 0.1}}
_TERMS_A_ROW = 300


class Text:
    """A margin calibrated to probabilities, or logistic regression; ridge regression for numbers."""

    flavour: Flavour = "text"
    interruptible = False

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return the settings, if there is a text."""
        if not any(field.type is ColumnType.TEXT for field in problem.signature.inputs):
            return []
        settings = _REGRESSORS if problem.task.numeric else _CLASSIFIERS
        return [
            Candidate(name=f"text/{name}", learner="text", params=params)
            for name, params in settings.items()
        ]

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return a guess: some ten passes over the terms that the texts have, for each class."""
        return 0.2 + 1e-6 * rows * _TERMS_A_ROW * max(classes - 1, 1)

    def fit(
        self,
        candidate: Candidate,
        problem: Problem,
        train: Matrix,
        target: "NDArray[Any]",
        weights: "NDArray[np.float64] | None",
        watch: Watch,
    ) -> Fitted:
        """Fit to the terms and to the other columns, scaled."""
        if problem.task.numeric:
            from sklearn.linear_model import Ridge

            ridge = Ridge(**candidate.params)
            return Fitted(model=ridge.fit(train.values, target, sample_weight=weights))
        from keepwell.training.modalities.text.classifiers import fit_classes

        hinge = candidate.params["loss"] == "hinge"
        strength = float(candidate.params["C"] or 1.0)
        rows = train.values
        model = fit_classes(rows, target, weights, C=strength, hinge=hinge, seed=problem.seed)
        return Fitted(model=model)


if TYPE_CHECKING:
    _: type[Learner] = Text
