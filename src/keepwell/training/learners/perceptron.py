"""A small neural network, by scikit-learn: smooth where trees have steps."""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.features.preparation import Flavour
from keepwell.training.learners.base import Candidate, Fitted, Learner, Suggest, Watch
from keepwell.training.learners.folds import lonely, seed_of
from keepwell.training.problem import Matrix, Problem
from keepwell.training.trained import Params

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EPOCHS = 60
_PATIENCE = 8  # epochs without a better answer to the validation rows


class Perceptron:
    """One or two hidden layers, trained epoch by epoch and stopped when validation rows say so."""

    flavour: Flavour = "linear"
    interruptible = True
    stops_early = True
    drawn = True
    epochs = True

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return a narrow and a wide one; nothing where rows are weighted before scikit-learn 1.7."""
        if problem.weights is not None and not _takes_weights():
            return []
        return [
            Candidate(
                name=f"perceptron/{label}",
                learner="perceptron",
                params={
                    "width": width,
                    "layers": layers,
                    "alpha": alpha,
                    "learning_rate_init": 0.003,
                },
            )
            for label, width, layers, alpha in (("narrow", 64, 1, 1e-3), ("wide", 128, 2, 1e-4))
        ]

    def space(self, suggest: Suggest, problem: Problem) -> Params:
        """Return settings."""
        return {
            "width": suggest.suggest_int("width", 16, 256, log=True),
            "layers": suggest.suggest_int("layers", 1, 3),
            "alpha": suggest.suggest_float("alpha", 1e-6, 1.0, log=True),
            "learning_rate_init": suggest.suggest_float("learning_rate_init", 3e-4, 2e-2, log=True),
        }

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return a guess for some tens of epochs."""
        return 0.2 + 8e-6 * rows * (64 * max(columns, 8) / 1000 + 1)

    def fit(
        self,
        candidate: Candidate,
        problem: Problem,
        train: Matrix,
        target: "NDArray[Any]",
        weights: "NDArray[np.float64] | None",
        watch: Watch,
    ) -> Fitted:
        """Train for as many epochs as help, or until time is up."""
        if (alone := lonely(problem, train, target, weights)) is not None:
            return alone
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.preprocessing import StandardScaler
        from threadpoolctl import threadpool_limits

        numeric = problem.task.numeric
        model = _network(candidate.params, problem)
        scaler = StandardScaler()
        wanted = (
            scaler.fit_transform(np.asarray(target, dtype=np.float64).reshape(-1, 1)).ravel()
            if numeric
            else target
        )
        with warnings.catch_warnings(), threadpool_limits(problem.jobs):
            warnings.simplefilter("ignore", ConvergenceWarning)
            epochs, interrupted = _train(model, problem, train, wanted, weights, watch, scaler)
        model.passes_ = len(model.loss_curve_)  # what a program that makes it again must know
        if not numeric:
            return Fitted(model=model, rounds=epochs, interrupted=interrupted)
        _unscale(model, float(scaler.scale_[0]), float(scaler.mean_[0]))
        return Fitted(model=model, rounds=epochs, interrupted=interrupted)


def _network(params: Params, problem: Problem) -> Any:
    from sklearn import neural_network

    name = "MLPRegressor" if problem.task.numeric else "MLPClassifier"
    width, layers = int(params.get("width") or 64), int(params.get("layers") or 1)
    return getattr(neural_network, name)(
        hidden_layer_sizes=(width,) * layers,
        alpha=params.get("alpha", 1e-4),
        learning_rate_init=params.get("learning_rate_init", 0.003),
        batch_size=min(128, max(problem.rows // 10, 8)),
        random_state=seed_of(problem),
    )


def _unscale(model: Any, scale: float, mean: float) -> None:
    """Make a network of standard scores one of numbers: its last layer is linear."""
    model.coefs_[-1] = model.coefs_[-1] * scale
    model.intercepts_[-1] = model.intercepts_[-1] * scale + mean


def _train(
    model: Any,
    problem: Problem,
    train: Matrix,
    target: "NDArray[Any]",
    weights: "NDArray[np.float64] | None",
    watch: Watch,
    scaler: Any,
) -> tuple[int, bool]:
    """Train epoch by epoch, keep the best weights; return the epochs, and whether time ended them."""
    extra: dict[str, Any] = {} if weights is None else {"sample_weight": weights}
    if not problem.task.numeric:
        extra["classes"] = np.unique(target)
    best, kept, at = np.inf, None, 0
    wanted = watch.rounds or _EPOCHS
    for epoch in range(1, wanted + 1):
        model.partial_fit(train.values, target, **extra)
        extra.pop("classes", None)
        watch.report(epoch / wanted)
        loss = _loss(model, problem, watch, scaler)
        if loss is not None and loss < best:
            best, at = loss, epoch
            kept = [layer.copy() for layer in model.coefs_], [b.copy() for b in model.intercepts_]
        if watch.stop() and epoch < wanted:
            _restore(model, kept)
            return at or epoch, True
        if loss is not None and epoch - at >= _PATIENCE:
            break
    _restore(model, kept)
    return at or wanted, False


def _restore(model: Any, kept: Any) -> None:
    if kept is not None:
        model.coefs_, model.intercepts_ = kept


def _loss(model: Any, problem: Problem, watch: Watch, scaler: Any) -> float | None:
    """Return how wrong the network is on the validation rows; None without any."""
    if watch.validation is None:
        return None
    held, actual = watch.validation
    if problem.task.numeric:
        scaled = scaler.transform(np.asarray(actual, dtype=np.float64).reshape(-1, 1)).ravel()
        return float(np.mean((model.predict(held.values) - scaled) ** 2))
    known = np.isin(actual, model.classes_)
    if not known.any():
        return None
    places = np.searchsorted(model.classes_, actual[known])
    said = model.predict_proba(held.values[known])[np.arange(len(places)), places]
    return float(-np.log(np.clip(said, 1e-12, 1.0)).mean())


def _takes_weights() -> bool:
    from inspect import signature

    from sklearn.neural_network import MLPClassifier

    return "sample_weight" in signature(MLPClassifier.partial_fit).parameters


if TYPE_CHECKING:
    _: type[Learner] = Perceptron
