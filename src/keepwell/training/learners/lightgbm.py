"""Gradient-boosted trees by LightGBM: a handful of settings that between them suit most tables."""

from collections.abc import Sequence
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.records import Task
from keepwell.features.preparation import Flavour
from keepwell.training.devices import on_gpu_or_cpu
from keepwell.training.learners.base import Candidate, Fitted, Learner, Suggest, Watch
from keepwell.training.learners.folds import lonely, seed_of
from keepwell.training.problem import Matrix, Problem
from keepwell.training.trained import Params

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_ROUNDS = 4000
# A round has one tree for each class: where there are many, a row would wait for milliseconds.
_MOST_TREES = 6000
_SHARED: Params = {
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_child_samples": 20,
    "subsample": 0.8,
    "subsample_freq": 1,
    "colsample_bytree": 0.8,
    "reg_lambda": 1.0,
}
_PORTFOLIO: dict[str, Params] = {
    "plain": {},
    "small": {"num_leaves": 15},
    "large": {
        "num_leaves": 127,
        "min_child_samples": 5,
        "colsample_bytree": 0.6,
        "learning_rate": 0.03,
    },
    "shallow": {"num_leaves": 6, "learning_rate": 0.1},
    "random": {"num_leaves": 63, "extra_trees": True},
}
_COUNTS: dict[str, Params] = {
    "rates": {"objective": "poisson"},
    "shallow-rates": {"objective": "poisson", "num_leaves": 8, "learning_rate": 0.08},
}
_RATES: Params = {"objective": "poisson"}
_SKEWED = 1.0
_WORTH = 1e-4  # of the first tree's loss, that further trees must take off
# What early stopping watches. For classes always the log loss: a ranking can be perfect after a few
# rounds, when every probability is still near the base rate and every label the majority's.
_WATCHED = {"rmse": "rmse", "mae": "l1", "mean_poisson_deviance": "poisson"}


class LightGBM:
    """Boosted trees over unscaled columns, codes of categories split as sets."""

    flavour: Flavour = "tree"
    interruptible = True
    stops_early = True
    drawn = True

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return the portfolio; with rates for skewed numbers that are never negative."""
        portfolio = dict(_PORTFOLIO)
        if problem.task.numeric and _is_skewed_amount(problem.target):
            portfolio |= _COUNTS
        if problem.task is Task.COUNTS and problem.metric not in ("rmse", "mae"):
            portfolio = {
                name: {**_RATES, **params}
                for name, params in (_COUNTS | _PORTFOLIO).items()
                if name != "plain"  # which would be `rates`
            }
        small = {"min_child_samples": max(2, problem.rows // 25)}
        return [
            Candidate(
                name=f"lightgbm/{name}",
                learner="lightgbm",
                params=_SHARED | params | (small if problem.rows < 500 else {}),  # noqa: PLR2004
            )
            for name, params in portfolio.items()
        ]

    def space(self, suggest: Suggest, problem: Problem) -> Params:
        """Return settings drawn around the portfolio's."""
        return {
            "learning_rate": suggest.suggest_float("learning_rate", 0.01, 0.3, log=True),
            "num_leaves": suggest.suggest_int("num_leaves", 4, 256, log=True),
            "min_child_samples": suggest.suggest_int("min_child_samples", 2, 100, log=True),
            "subsample": suggest.suggest_float("subsample", 0.5, 1.0),
            "subsample_freq": 1,
            "colsample_bytree": suggest.suggest_float("colsample_bytree", 0.3, 1.0),
            "reg_lambda": suggest.suggest_float("reg_lambda", 1e-3, 30.0, log=True),
            "reg_alpha": suggest.suggest_float("reg_alpha", 1e-4, 10.0, log=True),
            "extra_trees": suggest.suggest_categorical("extra_trees", [False, True]),
        }

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return a guess for some hundred rounds."""
        return 0.1 + 1e-6 * rows * columns * max(classes - 1, 1)

    def fit(
        self,
        candidate: Candidate,
        problem: Problem,
        train: Matrix,
        target: "NDArray[Any]",
        weights: "NDArray[np.float64] | None",
        watch: Watch,
    ) -> Fitted:
        """Fit, stopping early by the validation rows if there are any, or when time is up."""
        if (alone := lonely(problem, train, target, weights)) is not None:
            return alone

        def fitted(device: str) -> Fitted:
            return _fitted(candidate, problem, train, target, weights, watch, device=device)

        return on_gpu_or_cpu("LightGBM", train, lambda: True, fitted, gpu="gpu", cpu="cpu")


def _fitted(
    candidate: Candidate,
    problem: Problem,
    train: Matrix,
    target: "NDArray[Any]",
    weights: "NDArray[np.float64] | None",
    watch: Watch,
    *,
    device: str,
) -> Fitted:
    import lightgbm

    rounds = watch.rounds or min(_MOST_ROUNDS, _MOST_TREES // max(problem.classes, 1))
    params: dict[str, Any] = {
        **_objective(problem.metric),
        **candidate.params,
        "n_estimators": rounds,
        "random_state": seed_of(problem),
        "n_jobs": problem.jobs,
        # Together: the same trees whatever the threads do.
        "deterministic": True,
        "force_row_wise": True,
        "verbose": -1,
        **({} if device == "cpu" else {"device_type": device}),
    }
    regression = problem.task.numeric
    kind = lightgbm.LGBMRegressor if regression else lightgbm.LGBMClassifier
    model: Any = kind(**params)
    timer = _Timer(watch, rounds)
    callbacks: list[Any] = [timer]
    settings: dict[str, Any] = {}
    if watch.validation is not None:
        settings = _validated(model, problem, target, *watch.validation)
        callbacks.append(_EarlyStop(candidate))
    if train.categorical:
        settings["categorical_feature"] = list(train.categorical)
    model.fit(train.values, target, sample_weight=weights, callbacks=callbacks, **settings)
    if timer.interrupted:  # what its settings say makes it again
        model.set_params(n_estimators=timer.done)
    return Fitted(
        model=model,
        rounds=model.best_iteration_ or model.n_estimators_,
        interrupted=timer.interrupted,
    )


def _objective(metric: str) -> Params:
    return {"objective": "regression_l1"} if metric == "mae" else {}


def _validated(
    model: Any, problem: Problem, target: "NDArray[Any]", held: Matrix, actual: "NDArray[Any]"
) -> dict[str, Any]:
    """Return what early stopping looks at."""
    values, watched = held.values, _WATCHED.get(problem.metric, "rmse")
    if not problem.task.numeric:
        classes = np.unique(target)
        several = len(classes) > 2  # noqa: PLR2004 - a pair has measures of its own
        watched = "multi_logloss" if several else "binary_logloss"
        known = np.isin(actual, classes)  # LightGBM refuses classes that the training rows lack
        if not known.all():
            values, actual = values[known], actual[known]
    if "eval_X" in signature(model.fit).parameters:
        return {"eval_X": values, "eval_y": actual, "eval_metric": watched}
    return {"eval_set": [(values, actual)], "eval_metric": watched}  # LightGBM before 4.7


class _EarlyStop:
    """Ends the boosting once the watched loss has not gone down by what is worth its trees for a while.

    LightGBM's own takes any gain, however small, for a reason to go on: where few rows are all told apart,
    their loss goes on falling for thousands of trees.
    """

    order = 30  # after the timer
    before_iteration = False

    def __init__(self, candidate: Candidate) -> None:
        rate = float(candidate.params.get("learning_rate") or 0.1)
        self._patience = max(50, round(5 / rate))
        self._best = float("inf")
        self._least = 0.0
        self._at = 0
        self._results: list[Any] = []

    def __call__(self, env: Any) -> None:
        results = env.evaluation_result_list
        loss = float(results[0][2])
        if not self._results:
            self._least = _WORTH * abs(loss)
        if not self._results or loss < self._best - self._least:
            self._best, self._at, self._results = loss, env.iteration, results
        last = env.iteration == env.end_iteration - 1
        if last or env.iteration - self._at >= self._patience:
            from lightgbm.callback import EarlyStopException

            raise EarlyStopException(self._at, self._results)


def _is_skewed_amount(target: "NDArray[np.float64]") -> bool:
    if target.min() < 0 or target.std() == 0:
        return False
    return float(np.mean(((target - target.mean()) / target.std()) ** 3)) > _SKEWED


class _Timer:
    """Reports how far the boosting is, and ends it when time is up."""

    order = 0  # before early stopping
    before_iteration = False

    def __init__(self, watch: Watch, rounds: int) -> None:
        self._watch = watch
        self._rounds = rounds
        self.interrupted = False
        self.done = 0

    def __call__(self, env: Any) -> None:
        self.done = env.iteration + 1
        self._watch.report(self.done / self._rounds)
        if self._watch.stop():
            from lightgbm.callback import EarlyStopException

            self.interrupted = True
            raise EarlyStopException(env.iteration, env.evaluation_result_list or [])


if TYPE_CHECKING:
    _: type[Learner] = LightGBM
