"""From a reference and answers to metrics with their intervals."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.records import Estimate, Signature, Task
from keepwell.monitoring.estimation.answers import Answers
from keepwell.monitoring.estimation.confidence import estimate_labels, fit_confidence
from keepwell.monitoring.estimation.losses import estimate_numbers, fit_losses
from keepwell.monitoring.estimation.reference import Reference
from keepwell.tracking.metrics import headlines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keepwell.tracking.metrics import Scored

FEWEST = 30
"""Rows below which nothing is estimated."""

_Z = 1.960
_OF_CLASSES = (Task.BINARY, Task.MULTICLASS)
_OF_NUMBERS = (Task.REGRESSION, Task.COUNTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """What outcomes are expected to show.

    Attributes:
        metrics: With a 95% interval for what outcomes of these rows will show: chance in them, and the
            uncertainty of the rows that the reference was fitted on.
        confusion: Expected counts, a row for each true class, a column for each answer.
        rows: Answers that it rests on.
    """

    metrics: dict[str, Estimate] = field(default_factory=dict)
    confusion: tuple[tuple[float, ...], ...] = ()
    rows: int = 0


def fit_reference(
    signature: Signature,
    columns: Mapping[str, pa.Array],
    actual: "Sequence[Any]",
    scores: "Scored",
) -> Reference:
    """Return what estimates of a version rest on.

    Args:
        signature: Of the version.
        columns: Inputs of rows that it was not trained on.
        actual: Their outcomes.
        scores: What it says about them.
    """
    task = signature.task
    if task in _OF_CLASSES:
        return fit_confidence(scores.probabilities, actual, signature.classes)
    if task in _OF_NUMBERS:
        numbers = np.asarray(actual, dtype=np.float64)
        said = np.asarray(scores.predictions, dtype=np.float64)
        return fit_losses(columns, signature.inputs, said, numbers)
    return Reference(
        note=f"performance of the task {task.value} cannot be estimated without outcomes"
    )


def estimate(
    reference: Reference,
    signature: Signature,
    answers: Answers,
    *,
    promised: Mapping[str, Estimate] | None = None,
    wanted: Collection[str] = (),
) -> Estimated:
    """Return what outcomes of these answers are expected to show; nothing where that cannot be said.

    Args:
        reference: Of the version that answered.
        signature: Of that version.
        answers: What it said.
        promised: Its metrics on the reference's rows: their intervals tell how sure the reference is.
        wanted: Metrics beside those that are shown first.
    """
    if not reference.method or answers.rows < FEWEST:
        return Estimated()
    matrix = np.zeros((0, 0))
    if reference.method == "confidence":
        names = {*headlines(signature.task), *wanted}
        found, matrix = estimate_labels(reference, answers, signature.classes, names)
    else:
        found = estimate_numbers(reference, answers)
    known = promised or {}
    return Estimated(
        metrics={
            name: _with_interval(value, scatter, known.get(name))
            for name, (value, scatter) in found.items()
        },
        confusion=tuple(tuple(round(float(one), 2) for one in row) for row in matrix),
        rows=answers.rows,
    )


def _with_interval(value: float, scatter: float, promised: Estimate | None) -> Estimate:
    below = above = 0.0
    if promised is not None and promised.low is not None and promised.high is not None:
        below, above = promised.value - promised.low, promised.high - promised.value
    return Estimate(
        value=value,
        low=value - math.hypot(_Z * scatter, below),
        high=value + math.hypot(_Z * scatter, above),
    )
