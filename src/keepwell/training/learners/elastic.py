"""Linear models that leave columns out, and ones for very many rows."""

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


class Elastic:
    """Elastic net for numbers; for classes logistic loss with the same penalty, by gradient descent."""

    flavour: Flavour = "linear"
    interruptible = False

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return a light and a heavy penalty."""
        light, heavy = (1e-3, 3e-2) if problem.task.numeric else (1e-4, 3e-3)
        return [
            Candidate(
                name=f"elastic/{label}",
                learner="elastic",
                params={"alpha": alpha, "l1_ratio": 0.5},
            )
            for label, alpha in (("light", light), ("heavy", heavy))
        ]

    def space(self, suggest: Suggest, problem: Problem) -> Params:
        """Return settings."""
        return {
            "alpha": suggest.suggest_float("alpha", 1e-6, 1.0, log=True),
            "l1_ratio": suggest.suggest_float("l1_ratio", 0.0, 1.0),
        }

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return a guess: some tens of passes over the rows."""
        return 0.02 + 6e-8 * rows * columns * max(classes - 1, 1)

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

        model = _model(candidate.params, problem, target)
        with warnings.catch_warnings():
            # A fit that stops before the last digit is still a candidate: its folds judge it.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return Fitted(model=model.fit(train.values, target, sample_weight=weights))


def _model(params: Params, problem: Problem, target: "NDArray[Any]") -> Any:
    from sklearn.linear_model import ElasticNet, SGDClassifier

    if problem.task.numeric:
        # The penalty is on the scale of the target: a share of its spread means the same everywhere.
        alpha = float(params.get("alpha") or 1e-3) * (float(target.std()) or 1.0)
        settings = {**params, "alpha": alpha}
        return ElasticNet(**settings, max_iter=2000, random_state=seed_of(problem))
    return SGDClassifier(
        **params,
        loss="log_loss",
        penalty="elasticnet",
        average=True,
        max_iter=60,
        random_state=seed_of(problem),
        n_jobs=1,
    )


if TYPE_CHECKING:
    _: type[Learner] = Elastic
