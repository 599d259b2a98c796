"""Gradient-boosted symmetric trees by CatBoost (extra `boost`)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.features.preparation import Flavour
from keepwell.training.devices import on_gpu_or_cpu
from keepwell.training.learners.base import Candidate, Fitted, Learner, Suggest, Watch
from keepwell.training.learners.folds import held_out, lonely, seed_of
from keepwell.training.problem import Matrix, Problem
from keepwell.training.trained import Params

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_ROUNDS = 2000
_FEW = 2_000  # rows
_SHARED: Params = {"learning_rate": 0.08, "depth": 6, "l2_leaf_reg": 3.0, "random_strength": 1.0}
_PORTFOLIO: dict[str, Params] = {
    "plain": {},
    "shallow": {"depth": 4, "learning_rate": 0.1},
    "deep": {"depth": 8, "l2_leaf_reg": 6.0},
}


class CatBoost:
    """Boosted trees that ask one question per level; codes of categories are taken for numbers.

    CatBoost's own treatment of labels has no form that answers without its library, so it is not used.
    """

    flavour: Flavour = "tree"
    interruptible = True
    stops_early = True
    drawn = True
    needs, extra = "catboost", "boost"

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return the portfolio."""
        return [
            Candidate(name=f"catboost/{name}", learner="catboost", params=_SHARED | params)
            for name, params in _PORTFOLIO.items()
        ]

    def space(self, suggest: Suggest, problem: Problem) -> Params:
        """Return settings drawn around the portfolio's."""
        return {
            "learning_rate": suggest.suggest_float("learning_rate", 0.02, 0.3, log=True),
            # The leaves of a tree are stored one by one: two more levels are four times the bytes.
            "depth": suggest.suggest_int("depth", 3, 6 if problem.rows < _FEW else 8),
            "l2_leaf_reg": suggest.suggest_float("l2_leaf_reg", 0.5, 30.0, log=True),
            "random_strength": suggest.suggest_float("random_strength", 0.1, 10.0, log=True),
            "bagging_temperature": suggest.suggest_float("bagging_temperature", 0.0, 1.0),
        }

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return a guess for some hundred rounds."""
        return 0.4 + 2.5e-6 * rows * columns * max(classes - 1, 1)

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
        values = train.values
        if not hasattr(values, "tocsr") and _constant(values):
            # It refuses rows in which no column varies; what is then best is the baseline.
            from keepwell.training.learners.baseline import Baseline

            offered = Baseline().candidates(problem)[0]
            return Baseline().fit(offered, problem, train, target, weights, watch)

        def fitted(device: str) -> Fitted:
            return _fitted(candidate, problem, values, target, weights, watch, device)

        return on_gpu_or_cpu("CatBoost", train, lambda: True, fitted, gpu="GPU", cpu="CPU")


def _fitted(
    candidate: Candidate,
    problem: Problem,
    values: Any,
    target: "NDArray[Any]",
    weights: "NDArray[np.float64] | None",
    watch: Watch,
    device: str,
) -> Fitted:
    import catboost

    rounds = watch.rounds or _MOST_ROUNDS
    held = held_out(watch, problem, target)
    timer = _Timer(watch, rounds)
    kind = catboost.CatBoostRegressor if problem.task.numeric else catboost.CatBoostClassifier
    model: Any = kind(
        **_loss(problem, target),
        **candidate.params,
        iterations=rounds,
        random_seed=seed_of(problem),
        thread_count=problem.jobs,
        task_type=device,
        allow_writing_files=False,
        verbose=False,
    )
    extra: dict[str, Any] = {}
    if held is not None:
        rate = float(candidate.params.get("learning_rate") or 0.1)
        extra = {
            "eval_set": held,
            "early_stopping_rounds": max(50, round(5 / rate)),
            "use_best_model": True,
        }
    if device == "CPU":
        extra["callbacks"] = [timer]  # its GPU code takes none
    model.fit(values, target, sample_weight=weights, **extra)
    return Fitted(model=model, rounds=int(model.tree_count_), interrupted=timer.interrupted)


def _loss(problem: Problem, target: "NDArray[Any]") -> dict[str, Any]:
    if problem.task.numeric:
        return {"loss_function": "MAE" if problem.metric == "mae" else "RMSE"}
    several = len(np.unique(target)) > 2  # noqa: PLR2004 - a pair
    return {"loss_function": "MultiClass" if several else "Logloss"}


def _constant(values: "NDArray[np.float64]") -> bool:
    first = values[:1]
    same = (values == first) | (np.isnan(values) & np.isnan(first))
    return bool(same.all())


class _Timer:
    """Reports how far the boosting is, and ends it when time is up."""

    def __init__(self, watch: Watch, rounds: int) -> None:
        self._watch = watch
        self._rounds = rounds
        self.interrupted = False

    def after_iteration(self, info: Any) -> bool:
        """Return whether to go on."""
        self._watch.report(info.iteration / self._rounds)
        self.interrupted = self.interrupted or self._watch.stop()
        return not self.interrupted


if TYPE_CHECKING:
    _: type[Learner] = CatBoost
