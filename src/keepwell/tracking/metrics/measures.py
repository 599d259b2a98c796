"""All measures of a task at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from keepwell.core.records import Task
from keepwell.tracking.metrics.classification import accuracy, precision_recall_f1
from keepwell.tracking.metrics.labels import encode
from keepwell.tracking.metrics.multilabel import indicators, measure_sets
from keepwell.tracking.metrics.quantile import Quantiles
from keepwell.tracking.metrics.ranking import average_precision, rank, roc_auc
from keepwell.tracking.metrics.regression import (
    mae,
    mean_poisson_deviance,
    mse,
    r2,
    rmse,
    smape,
    wape,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PAIR = 2


class Scored(Protocol):
    """What a model said about some rows: whoever has these two attributes is measurable."""

    @property
    def predictions(self) -> "Sequence[Any] | NDArray[Any]":
        """Labels or numbers, one per row."""
        ...

    @property
    def probabilities(self) -> "NDArray[np.float64] | None":
        """Class probabilities (rows by classes), None where there are none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What a model said about some rows."""

    predictions: "Sequence[Any] | NDArray[Any]"
    probabilities: "NDArray[np.float64] | None" = None
    quantiles: Quantiles | None = None


def measure(
    task: Task,
    classes: Sequence[Any],
    actual: "Sequence[Any] | NDArray[Any]",
    predicted: "Sequence[Any] | NDArray[Any]",
    probabilities: "NDArray[np.float64] | None" = None,
) -> dict[str, float]:
    """Return every metric of the task that these rows can decide.

    With two classes, the second is the positive one; with more, the metrics are plain means over the
    classes. Without probabilities, only the metrics of labels are given. No rows, no metrics.
    """
    if not task.supervised:
        from keepwell.tracking.metrics.unlabelled import measured_unlabelled

        said = Scores(predictions=predicted, probabilities=probabilities)
        return measured_unlabelled(task, actual, said)(np.arange(len(actual)))
    if task.several:
        sets, given = indicators(list(actual), classes), indicators(list(predicted), classes)
        return measure_sets(sets, given)
    if task.numeric:
        return numbers_measured(task)(
            np.asarray(actual, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
        )
    return measure_codes(
        encode(actual, classes), encode(predicted, classes), probabilities, len(classes)
    )


def measure_numbers(
    actual: "NDArray[np.float64]", predicted: "NDArray[np.float64]"
) -> dict[str, float]:
    """Return the metrics of a regression."""
    if not len(actual):
        return {}
    return {
        "rmse": rmse(actual, predicted),
        "mae": mae(actual, predicted),
        "r2": r2(actual, predicted),
        "mse": mse(actual, predicted),
    }


def measure_counts(
    actual: "NDArray[np.float64]", predicted: "NDArray[np.float64]"
) -> dict[str, float]:
    """Return the metrics of counts: a regression's, and how unlikely the counts are."""
    measured = measure_numbers(actual, predicted)
    if len(actual) and (actual >= 0).all():
        measured["mean_poisson_deviance"] = mean_poisson_deviance(actual, predicted)
    return measured


def measure_forecasts(
    actual: "NDArray[np.float64]", predicted: "NDArray[np.float64]"
) -> dict[str, float]:
    """Return the metrics of forecasts: a regression's, and the errors as shares."""
    measured = measure_numbers(actual, predicted)
    if len(actual):
        measured["smape"] = smape(actual, predicted)
        if np.abs(actual).sum() > 0:
            measured["wape"] = wape(actual, predicted)
    return measured


def numbers_measured(
    task: Task,
) -> "Callable[[NDArray[np.float64], NDArray[np.float64]], dict[str, float]]":
    """Return what measures a task of numbers."""
    special = {Task.COUNTS: measure_counts, Task.FORECAST: measure_forecasts}
    return special.get(task, measure_numbers)


def measure_codes(
    actual: "NDArray[np.int64]",
    predicted: "NDArray[np.int64]",
    probabilities: "NDArray[np.float64] | None",
    classes: int,
) -> dict[str, float]:
    """Return the metrics of a classification whose labels are already codes."""
    if not len(actual):
        return {}
    precision, recall, f1 = precision_recall_f1(actual, predicted, classes)
    measured = {"accuracy": accuracy(actual, predicted)}
    if probabilities is not None:
        known = actual >= 0
        whole = bool(known.all())
        measured |= _of_probabilities(
            actual if whole else actual[known],
            probabilities if whole else probabilities[known],
            classes,
        )
    return measured | {"f1": f1, "precision": precision, "recall": recall}


def _of_probabilities(
    actual: "NDArray[np.int64]", probabilities: "NDArray[np.float64]", classes: int
) -> dict[str, float]:
    if not len(actual):
        return {}
    positives = (1,) if classes == _PAIR else range(classes)
    rankings = [rank(actual == code, probabilities[:, code]) for code in positives]
    decided = [ranking for ranking in rankings if ranking.decides]
    measured = {"log_loss": log_loss(actual, probabilities)}
    if decided:
        measured["roc_auc"] = float(np.mean([roc_auc(ranking) for ranking in decided]))
        measured["average_precision"] = float(
            np.mean([average_precision(ranking) for ranking in decided])
        )
    return measured


def log_loss(actual: "NDArray[np.int64]", probabilities: "NDArray[np.float64]") -> float:
    """Return the mean surprise at the true labels, in nats; never infinite."""
    tiny = np.finfo(probabilities.dtype).eps
    given = probabilities[np.arange(len(actual)), actual]
    return float(-np.mean(np.log(np.clip(given, tiny, 1 - tiny))))
