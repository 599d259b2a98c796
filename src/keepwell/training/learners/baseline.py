"""The answer without a look at the inputs: what every model must beat."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keepwell.features.preparation import Flavour
from keepwell.training.learners.base import Candidate, Fitted, Learner, Watch
from keepwell.training.problem import Matrix, Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Baseline:
    """Predicts how often each class occurs, or the mean (the median where the metric is `mae`)."""

    flavour: Flavour = "tree"
    interruptible = False

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return the one candidate."""
        if not problem.task.numeric:
            return [Candidate(name="baseline", learner="baseline", params={"strategy": "prior"})]
        strategy = "median" if problem.metric == "mae" else "mean"
        return [Candidate(name="baseline", learner="baseline", params={"strategy": strategy})]

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return nearly nothing."""
        return 1e-7 * rows

    def fit(
        self,
        candidate: Candidate,
        problem: Problem,
        train: Matrix,
        target: "NDArray[Any]",
        weights: "NDArray[np.float64] | None",
        watch: Watch,
    ) -> Fitted:
        """Fit to the target alone."""
        from sklearn.dummy import DummyClassifier, DummyRegressor

        regression = problem.task.numeric
        model = (DummyRegressor if regression else DummyClassifier)(**candidate.params)
        return Fitted(model=model.fit(train.values, target, sample_weight=weights))


if TYPE_CHECKING:
    _: type[Learner] = Baseline
