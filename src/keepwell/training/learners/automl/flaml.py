"""FLAML: a search for cheap settings first; what it finds is an ordinary estimator, compiled as such."""

import logging
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.features.preparation import Flavour
from keepwell.training.learners.automl.shares import share_of
from keepwell.training.learners.base import Candidate, Fitted, Learner, Watch
from keepwell.training.learners.folds import Recoded, lonely, seed_of
from keepwell.training.problem import Matrix, Problem
from keepwell.training.trained import Params

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ESTIMATORS = {
    "lgbm": "lightgbm",
    "xgboost": "xgboost",
    "rf": "",
    "extra_tree": "",
    "catboost": "catboost",
}
_METRICS = {
    "roc_auc": ("roc_auc", "roc_auc_ovr"),
    "log_loss": ("log_loss", "log_loss"),
    "accuracy": ("accuracy", "accuracy"),
    "f1": ("f1", "macro_f1"),
    "average_precision": ("ap", "log_loss"),
    "rmse": ("rmse", "rmse"),
    "mae": ("mae", "mae"),
    "mse": ("mse", "mse"),
    "r2": ("r2", "r2"),
}


class Flaml:
    """Searches anew in every fit, for as long as its share; named, never raced by default.

    What it finds depends on how far it gets in that time, so two fits may differ: it is the one learner
    that does not promise the same model for the same seed.
    """

    flavour: Flavour = "tree"
    interruptible = False
    needs, extra = "flaml", "automl"
    on_request = True
    timed = True

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return the one candidate, with the seconds of each fit."""
        params: Params = {"seconds": share_of(problem)}
        return [Candidate(name="flaml", learner="flaml", params=params)]

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return the least that a search takes; what it really takes is its share, and measured."""
        return 2.0 + 1e-6 * rows * columns

    def fit(
        self,
        candidate: Candidate,
        problem: Problem,
        train: Matrix,
        target: "NDArray[Any]",
        weights: "NDArray[np.float64] | None",
        watch: Watch,
    ) -> Fitted:
        """Search, and return the best estimator fitted to all rows."""
        if (alone := lonely(problem, train, target, weights)) is not None:
            return alone
        from importlib import import_module
        from importlib.util import find_spec

        flaml: Any = import_module("flaml")  # which has no types of its own

        classes = None if problem.task.numeric else np.unique(target)
        coded = target if classes is None else np.searchsorted(classes, target)
        search = flaml.AutoML()
        quiet = logging.getLogger("flaml")
        before, quiet.level = quiet.level, logging.CRITICAL
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                search.fit(
                    train.values,
                    coded,
                    task="regression" if classes is None else "classification",
                    metric=_metric(problem, classes),
                    time_budget=float(candidate.params.get("seconds") or share_of(problem)),
                    seed=seed_of(problem),
                    n_jobs=problem.jobs,
                    verbose=0,
                    log_file_name="",
                    estimator_list=[
                        name for name, needs in _ESTIMATORS.items() if not needs or find_spec(needs)
                    ],
                    **({} if weights is None else {"sample_weight": weights}),
                )
        finally:
            quiet.setLevel(before)
        found = search.model.estimator
        note = f"FLAML chose {search.best_estimator}"
        if classes is None or len(classes) == problem.classes:
            return Fitted(model=found, note=note)
        return Fitted(model=Recoded(found, classes), note=note)


def _metric(problem: Problem, classes: "NDArray[Any] | None") -> str:
    pair, several = _METRICS.get(problem.metric, ("auto", "auto"))
    return pair if classes is None or len(classes) == 2 else several  # noqa: PLR2004


if TYPE_CHECKING:
    _: type[Learner] = Flaml
