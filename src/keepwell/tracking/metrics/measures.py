"""All measures of a task at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from keepwell.core.records import Task
from keepwell.tracking.metrics import classification, probabilities, regression
from keepwell.tracking.metrics.catalog import metric_names
from keepwell.tracking.metrics.classification import tally
from keepwell.tracking.metrics.labels import encode
from keepwell.tracking.metrics.probabilities import Chances, log_loss

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Scored", "Scores", "log_loss", "measure", "measure_codes", "measure_numbers"]

_CODES = metric_names(Task.BINARY)
_NUMBERS = metric_names(Task.REGRESSION)


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


def measure(
    task: Task,
    classes: Sequence[Any],
    actual: "Sequence[Any] | NDArray[Any]",
    predicted: "Sequence[Any] | NDArray[Any]",
    probabilities: "NDArray[np.float64] | None" = None,
    *,
    only: Collection[str] | None = None,
) -> dict[str, float]:
    """Return every metric of the task that these rows can decide, or those of `only`.

    With two classes, the second is the positive one; with more, the metrics are plain means over the
    classes unless their name says otherwise. Without probabilities, only the metrics of labels are
    given. No rows, no metrics.
    """
    if task.numeric:
        truth = np.asarray(actual, dtype=np.float64)
        return measure_numbers(truth, np.asarray(predicted, dtype=np.float64), only=only)
    codes, said = encode(actual, classes), encode(predicted, classes)
    return measure_codes(codes, said, probabilities, len(classes), only=only)


def measure_numbers(
    actual: "NDArray[np.float64]",
    predicted: "NDArray[np.float64]",
    *,
    only: Collection[str] | None = None,
) -> dict[str, float]:
    """Return the metrics of a regression."""
    if not len(actual):
        return {}
    found = {
        name: regression.MEASURES[name](actual, predicted)
        for name in _NUMBERS
        if only is None or name in only
    }
    return {name: value for name, value in found.items() if value is not None}


def measure_codes(
    actual: "NDArray[np.int64]",
    predicted: "NDArray[np.int64]",
    chances: "NDArray[np.float64] | None",
    classes: int,
    *,
    only: Collection[str] | None = None,
) -> dict[str, float]:
    """Return the metrics of a classification whose labels are already codes."""
    if not len(actual):
        return {}
    wanted = [name for name in _CODES if only is None or name in only]
    found: dict[str, float | None] = {}
    if chances is not None and (actual >= 0).any():
        given = _known(actual, chances)
        measures = probabilities.MEASURES
        found |= {name: measures[name](given) for name in wanted if name in measures}
    if any(name in classification.MEASURES for name in wanted):
        counts = tally(actual, predicted, classes)
        of_labels = classification.MEASURES
        found |= {name: of_labels[name](counts) for name in wanted if name in of_labels}
    return {name: value for name in wanted if (value := found.get(name)) is not None}


def _known(actual: "NDArray[np.int64]", chances: "NDArray[np.float64]") -> Chances:
    known = actual >= 0
    if known.all():
        return Chances(actual, chances)
    return Chances(actual[known], chances[known], unknown=int(np.count_nonzero(~known)))
