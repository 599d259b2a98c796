"""Gradient boosting by scikit-learn's histograms: its splits of categories differ from LightGBM's."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keepwell.features.preparation import Flavour
from keepwell.training.learners.base import Candidate, Fitted, Learner, Suggest, Watch
from keepwell.training.learners.folds import has_text, lonely, seed_of
from keepwell.training.problem import Matrix, Problem
from keepwell.training.trained import Params

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ROUNDS = 200
_STEP = 25  # rounds between two looks at the clock


class Histogram:
    """Boosted trees that need no library but scikit-learn."""

    flavour: Flavour = "tree"
    interruptible = True
    stops_early = True

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return one, as LightGBM covers the rest; nothing beside texts: it takes no sparse rows."""
        if has_text(problem):
            return []
        params: Params = {"learning_rate": 0.06, "max_leaf_nodes": 24, "l2_regularization": 1.0}
        return [Candidate(name="histogram/plain", learner="histogram", params=params)]

    def space(self, suggest: Suggest, problem: Problem) -> Params:
        """Return settings."""
        return {
            "learning_rate": suggest.suggest_float("learning_rate", 0.01, 0.3, log=True),
            "max_leaf_nodes": suggest.suggest_int("max_leaf_nodes", 4, 128, log=True),
            "min_samples_leaf": suggest.suggest_int("min_samples_leaf", 2, 100, log=True),
            "l2_regularization": suggest.suggest_float("l2_regularization", 1e-3, 30.0, log=True),
            "max_features": suggest.suggest_float("max_features", 0.3, 1.0),
        }

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return a guess for some hundred rounds."""
        return 0.3 + 1.5e-6 * rows * columns * max(classes - 1, 1)

    def fit(
        self,
        candidate: Candidate,
        problem: Problem,
        train: Matrix,
        target: "NDArray[Any]",
        weights: "NDArray[np.float64] | None",
        watch: Watch,
    ) -> Fitted:
        """Boost, some rounds at a time, until the validation rows are answered worse or time is up."""
        if (alone := lonely(problem, train, target, weights)) is not None:
            return alone
        from sklearn import ensemble
        from threadpoolctl import threadpool_limits

        suffix = "Regressor" if problem.task.numeric else "Classifier"
        loss = (
            {"loss": "absolute_error"} if problem.metric == "mae" and suffix == "Regressor" else {}
        )
        wanted = watch.rounds or _ROUNDS * 2
        model: Any = getattr(ensemble, f"HistGradientBoosting{suffix}")(
            **candidate.params,
            **loss,
            max_iter=min(_STEP, wanted),
            early_stopping=False,
            random_state=seed_of(problem),
            warm_start=True,
        )
        with threadpool_limits(problem.jobs):
            at, interrupted = _boost(model, problem, train, target, weights, watch, wanted)
        model.set_params(warm_start=False)
        return Fitted(model=model, rounds=min(at, model.max_iter), interrupted=interrupted)


def _boost(
    model: Any,
    problem: Problem,
    train: Matrix,
    target: "NDArray[Any]",
    weights: "NDArray[np.float64] | None",
    watch: Watch,
    wanted: int,
) -> tuple[int, bool]:
    """Boost; return the best number of rounds that was seen, and whether time ended it."""
    best, at = float("inf"), wanted
    while True:
        model.fit(train.values, target, sample_weight=weights)
        watch.report(model.max_iter / wanted)
        error = _error(model, problem, watch)
        if error is not None and error < best:
            best, at = error, model.max_iter
        if model.max_iter >= wanted or (error is not None and error > best):
            return at, False
        if watch.stop():
            return at, True
        model.set_params(max_iter=min(model.max_iter + _STEP, wanted))


def _error(model: Any, problem: Problem, watch: Watch) -> float | None:
    """Return how wrong the model is on the validation rows; None without any."""
    if watch.validation is None:
        return None
    import numpy as np

    held, actual = watch.validation
    if problem.task.numeric:
        apart = np.abs(model.predict(held.values) - actual)
        return float(apart.mean() if problem.metric == "mae" else (apart**2).mean())
    known = np.isin(actual, model.classes_)
    if not known.any():
        return None
    places = np.searchsorted(model.classes_, actual[known])
    said = model.predict_proba(held.values[known])[np.arange(len(places)), places]
    return float(-np.log(np.clip(said, 1e-12, 1.0)).mean())


if TYPE_CHECKING:
    _: type[Learner] = Histogram
