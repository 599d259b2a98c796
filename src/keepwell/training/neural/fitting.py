"""From a module to a fitted estimator: trained, written as ONNX, and held against itself."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import TrainingError
from keepwell.core.suggestions import did_you_mean
from keepwell.features.networks.network import NetworkClassifier, NetworkRegressor
from keepwell.features.networks.writing import to_graph, warm_up
from keepwell.training.devices import on_gpu_or_cpu
from keepwell.training.learners.base import Fitted, Watch
from keepwell.training.learners.folds import lonely
from keepwell.training.neural.course import Plan, scores_of, train_module
from keepwell.training.problem import Matrix, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

Build = Callable[[int, int], Any]  # numbers of a row, scores → module


def fit_module(  # noqa: PLR0913 - the parts of a fit
    build: Build,
    plan: Callable[[str], Plan],
    problem: Problem,
    train: Matrix,
    target: "NDArray[Any]",
    weights: "NDArray[np.float64] | None",
    watch: Watch,
    *,
    trimmed: bool = False,
) -> Fitted:
    """Return a fitted network.

    On a fold it stays in PyTorch, for writing takes seconds; what is fitted to all rows is a graph.

    Args:
        build: Makes the module.
        plan: How it is trained, by device.
        problem: What is learnt.
        train: The rows.
        target: Codes of classes, or numbers.
        weights: How much each row counts.
        watch: What accompanies the fit.
        trimmed: Rows are pieces of texts, filled up.
    """
    if (alone := lonely(problem, train, target, weights)) is not None:
        return alone
    rows = dense(train.values)
    classes = None if problem.task.numeric else np.unique(target)
    middle, spread = _scale(target) if classes is None else (0.0, 1.0)
    wanted: NDArray[Any]
    if classes is None:
        wanted = (np.asarray(target, dtype=np.float64) - middle) / spread
    else:
        wanted = np.searchsorted(classes, target)
    seen = _told(watch, problem, classes, middle, spread)

    def on(device: str) -> Fitted:
        if watch.whole:
            warm_up()
        module = build(rows.shape[1], 1 if classes is None else len(classes))
        course = train_module(module, rows, wanted, weights, plan(device), problem, seen)
        whole = module if classes is not None else _unscaled(module, middle, spread)
        model = answering(whole, rows, classes, watch, trimmed=trimmed)
        return Fitted(model=model, rounds=course.epochs, interrupted=course.interrupted)

    return on_gpu_or_cpu("PyTorch", Matrix(values=rows), _cuda, on, gpu="cuda", cpu="cpu")


def answering(
    module: Any,
    rows: "NDArray[np.float32]",
    classes: "NDArray[Any] | None",
    watch: Watch,
    *,
    trimmed: bool = False,
) -> Any:
    """Return an estimator that answers by a module: as it is on a fold, as a graph where it is kept.

    Args:
        module: Takes rows, gives a score for each class, or one number.
        rows: Like those that it will be asked about.
        classes: Codes in the order of the scores; None: it gives numbers.
        watch: Says which of the two it is.
        trimmed: Rows are pieces of texts, filled up.
    """
    if not watch.whole:
        return _Eager(module, classes)
    graph, apart = to_graph(module, rows, trimmed=trimmed, columns=trimmed)
    made: Any = NetworkRegressor() if classes is None else NetworkClassifier()
    known = () if classes is None else classes
    return made.of(graph, width=rows.shape[1], classes=known, trimmed=trimmed, apart=apart)


def settings_of(
    params: Mapping[str, Any], known: Mapping[str, Any], learner: str
) -> dict[str, Any]:
    """Return a learner's settings over its usual ones.

    Raises:
        TrainingError: If one is unknown.
    """
    strange = [name for name in params if name not in known]
    if strange:
        raise TrainingError(
            f"{learner} has no setting '{strange[0]}'",
            why=f"its settings are {', '.join(known)}",
            now=did_you_mean(strange[0], known) or "correct it under `train: learners:`",
        )
    return {**known, **params}


def module_seeded(problem: Problem, make: Callable[[], Any]) -> Any:
    """Return a module whose first weights depend on the problem's seed alone."""
    import torch

    from keepwell.training.learners.folds import seed_of

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of(problem))
        return make()


class _Eager:
    """A network still in PyTorch: it answers the rows of a fold."""

    def __init__(self, module: Any, classes: "NDArray[Any] | None") -> None:
        self._module = module
        self.classes_ = classes

    def predict_proba(self, values: Any) -> "NDArray[np.float64]":
        """Return a row of probabilities for each row."""
        scores = scores_of(self._module, dense(values)).astype(np.float64)
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def predict(self, values: Any) -> "NDArray[np.float64]":
        """Return a number for each row."""
        return scores_of(self._module, dense(values))[:, 0].astype(np.float64)


def _told(
    watch: Watch,
    problem: Problem,
    classes: "NDArray[Any] | None",
    middle: float,
    spread: float,
) -> Watch:
    """Return the same watch with validation rows in the network's own numbers."""
    if watch.validation is None:
        return watch
    from dataclasses import replace

    held, actual = watch.validation
    if classes is None:
        told = (np.asarray(actual, dtype=np.float64) - middle) / spread
        return replace(watch, validation=(Matrix(values=dense(held.values)), told))
    known = np.isin(actual, classes)
    rows = Matrix(values=dense(held.values)[known])
    return replace(watch, validation=(rows, np.searchsorted(classes, actual[known])))


def _scale(target: "NDArray[Any]") -> tuple[float, float]:
    numbers = np.asarray(target, dtype=np.float64)
    return float(numbers.mean()), float(numbers.std()) or 1.0


def _unscaled(module: Any, middle: float, spread: float) -> Any:
    import torch

    class Unscaled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = module

        def forward(self, rows: Any) -> Any:
            return self.inner(rows) * spread + middle

    return Unscaled()


def dense(values: Any) -> "NDArray[np.float32]":
    """Return rows as PyTorch takes them."""
    whole = values.toarray() if hasattr(values, "toarray") else values
    return np.ascontiguousarray(whole, dtype=np.float32)


def _cuda() -> bool:
    import torch

    return bool(torch.cuda.is_available())
