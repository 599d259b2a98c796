"""Gradient-boosted trees by XGBoost (extra `boost`)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.features.preparation import Flavour
from keepwell.training.devices import on_gpu_or_cpu
from keepwell.training.learners.base import Candidate, Fitted, Learner, Suggest, Watch
from keepwell.training.learners.folds import Recoded, has_text, held_out, lonely, seed_of
from keepwell.training.problem import Matrix, Problem
from keepwell.training.trained import Params

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_ROUNDS = 2000
_SHARED: Params = {
    "learning_rate": 0.06,
    "max_depth": 6,
    "min_child_weight": 2.0,
    "subsample": 0.8,
    "colsample_bytree": 0.8,
    "reg_lambda": 1.0,
}
_PORTFOLIO: dict[str, Params] = {
    "plain": {},
    "shallow": {"max_depth": 3, "learning_rate": 0.1},
    "leafwise": {"max_depth": 0, "max_leaves": 48, "grow_policy": "lossguide", "reg_lambda": 3.0},
}


class XGBoost:
    """Boosted trees over unscaled columns; codes of categories are taken for numbers."""

    flavour: Flavour = "tree"
    interruptible = True
    stops_early = True
    drawn = True
    needs, extra = "xgboost", "boost"

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return the portfolio; nothing beside texts, whose zeros XGBoost would take for gaps."""
        if has_text(problem):
            return []
        return [
            Candidate(name=f"xgboost/{name}", learner="xgboost", params=_SHARED | params)
            for name, params in _PORTFOLIO.items()
        ]

    def space(self, suggest: Suggest, problem: Problem) -> Params:
        """Return settings drawn around the portfolio's."""
        return {
            "learning_rate": suggest.suggest_float("learning_rate", 0.01, 0.3, log=True),
            "max_depth": suggest.suggest_int("max_depth", 2, 10),
            "min_child_weight": suggest.suggest_float("min_child_weight", 0.5, 40.0, log=True),
            "subsample": suggest.suggest_float("subsample", 0.5, 1.0),
            "colsample_bytree": suggest.suggest_float("colsample_bytree", 0.3, 1.0),
            "reg_lambda": suggest.suggest_float("reg_lambda", 1e-2, 50.0, log=True),
            "reg_alpha": suggest.suggest_float("reg_alpha", 1e-4, 10.0, log=True),
            "gamma": suggest.suggest_float("gamma", 1e-4, 5.0, log=True),
        }

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return a guess for some hundred rounds."""
        return 0.2 + 1.5e-6 * rows * columns * max(classes - 1, 1)

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
        held = held_out(watch, problem, target)
        classes = None if problem.task.numeric else np.unique(target)
        if classes is not None and len(classes) < problem.classes:
            target = np.searchsorted(classes, target)  # it wants 0, 1, 2 … without a gap
            held = None if held is None else (held[0], np.searchsorted(classes, held[1]))
        else:
            classes = None

        def fitted(device: str) -> Fitted:
            return _fitted(
                candidate, problem, train, target, weights, watch, held=held, device=device
            )

        done = on_gpu_or_cpu("XGBoost", train, _built_for_cuda, fitted, gpu="cuda", cpu="cpu")
        if classes is None:
            return done
        return Fitted(
            model=Recoded(done.model, classes),
            rounds=done.rounds,
            interrupted=done.interrupted,
            note=done.note,
        )


def _fitted(  # noqa: PLR0913 (one fit, with all that belongs to it)
    candidate: Candidate,
    problem: Problem,
    train: Matrix,
    target: "NDArray[Any]",
    weights: "NDArray[np.float64] | None",
    watch: Watch,
    *,
    held: "tuple[Any, NDArray[Any]] | None",
    device: str,
) -> Fitted:
    import xgboost

    rounds = watch.rounds or _MOST_ROUNDS
    timer = _timer(watch, rounds)
    params: dict[str, Any] = {
        **({"objective": "reg:absoluteerror"} if problem.metric == "mae" else {}),
        **candidate.params,
        "n_estimators": rounds,
        "random_state": seed_of(problem),
        "n_jobs": problem.jobs,
        "tree_method": "hist",
        "device": device,
        "callbacks": [timer],
    }
    if held is not None:
        rate = float(candidate.params.get("learning_rate") or 0.1)
        params["early_stopping_rounds"] = max(50, round(5 / rate))
        params["eval_metric"] = _watched(problem, target)
    kind = xgboost.XGBRegressor if problem.task.numeric else xgboost.XGBClassifier
    model: Any = kind(**params)
    model.fit(
        train.values,
        target,
        sample_weight=weights,
        eval_set=None if held is None else [held],
        verbose=False,
    )
    # What watched the fit is no part of the model, and what answers single rows needs no GPU.
    model.set_params(callbacks=None, device="cpu")
    best = None if held is None else model.get_booster().attr("best_iteration")
    made = model.get_booster().num_boosted_rounds() if best is None else int(best) + 1
    return Fitted(model=model, rounds=made, interrupted=timer.interrupted)


def _watched(problem: Problem, target: "NDArray[Any]") -> str:
    if problem.task.numeric:
        return "mae" if problem.metric == "mae" else "rmse"
    return "mlogloss" if len(np.unique(target)) > 2 else "logloss"  # noqa: PLR2004 - a pair


def _built_for_cuda() -> bool:
    import xgboost

    return bool(xgboost.build_info().get("USE_CUDA"))


def _timer(watch: Watch, rounds: int) -> Any:
    from xgboost.callback import TrainingCallback

    class Timer(TrainingCallback):  # type: ignore[misc, unused-ignore] # untyped where it is absent
        """Reports how far the boosting is, and ends it when time is up."""

        interrupted = False

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            watch.report((epoch + 1) / rounds)
            self.interrupted = self.interrupted or watch.stop()
            return self.interrupted

    return Timer()


if TYPE_CHECKING:
    _: type[Learner] = XGBoost
