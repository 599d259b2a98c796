"""What is measured where no column holds the answer: clusters, oddities, recommendations."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import UsageError
from keepwell.core.records import Task
from keepwell.tracking.metrics.clustering import (
    Points,
    adjusted_mutual_info,
    adjusted_rand,
    distances,
    silhouettes,
    spreads,
)
from keepwell.tracking.metrics.measures import Scored
from keepwell.tracking.metrics.oddity import Oddities, measure_oddity
from keepwell.tracking.metrics.top_k import TopK, Wanted

if TYPE_CHECKING:
    from numpy.typing import NDArray

Measured = Callable[["NDArray[np.int64]"], dict[str, float]]


def measured_unlabelled(task: Task, actual: Any, scores: Scored) -> Measured:
    """Return the function that measures some rows of a task without a target.

    Args:
        task: The task.
        actual: `Points`, `Oddities` or `Wanted`.
        scores: What the model said of the same rows.

    Raises:
        UsageError: If the rows are not of the form that the task is measured on.
    """
    if not len(actual):
        return lambda rows: {}
    if isinstance(actual, Points):
        return _clusters(actual, scores)
    if isinstance(actual, Oddities) and scores.probabilities is not None:
        odd = np.asarray(scores.probabilities)[:, 1]
        return lambda rows: measure_oddity(actual, odd, rows)
    if isinstance(actual, Wanted):
        return TopK(actual, list(scores.predictions)).measure
    raise UsageError(
        f"{task.value} cannot be measured against a column of outcomes",
        why="nothing in the data says what is right",
        now="compare it by the metrics of its run: keepwell models show",
    )


def _clusters(points: Points, scores: Scored) -> Measured:
    codes = _coded(list(scores.predictions))
    apart = silhouettes(distances(points.values), codes)
    known = None if points.labels is None else _coded(list(points.labels))

    def measure(rows: "NDArray[np.int64]") -> dict[str, float]:
        measured = {} if apart is None else {"silhouette": float(apart[rows].mean())}
        measured |= spreads(points.values[rows], codes[rows])
        if known is not None:
            some = rows[known[rows] >= 0]
            if len(some) > 1:
                measured["adjusted_rand"] = adjusted_rand(codes[some], known[some])
                measured["adjusted_mutual_info"] = adjusted_mutual_info(codes[some], known[some])
        return measured

    return measure


def _coded(labels: list[Any]) -> "NDArray[np.int64]":
    """Return a number for each label, -1 for none."""
    numbers: dict[Any, int] = {}
    return np.array(
        [-1 if label is None else numbers.setdefault(label, len(numbers)) for label in labels],
        dtype=np.int64,
    )
