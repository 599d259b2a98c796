"""How good a version's answers turned out to be, against what it promised on its test rows.

It fell if it is worse by more than a tolerance and more than chance explains: chance in the live rows, whose
interval is widened where neighbouring rows err alike, and chance in the test rows.
"""

import json
import math
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.records import Estimate, ModelVersion
from keepwell.features.label_sets import delimiter_of, labels_of
from keepwell.monitoring.independence import worth_of_numbers
from keepwell.monitoring.labels import Labels, read_numbers
from keepwell.monitoring.report import Performance
from keepwell.monitoring.words import number
from keepwell.tracking.metrics import Scores, direction, headlines, intervals

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLUMNS = ("time", "prediction", "probabilities")
MOST_ROWS = 5_000
"""The newest so many outcomes are measured: more would cost time and say no more."""

TOLERANCE = 0.01
"""How much worse than promised is no matter, where more is better …"""

TOLERANCE_OF_ERRORS = 0.02
"""… and as a share of what was promised, where less is better."""

LOUD = 0.1
"""Severity of an input's drift or damage from which a fall is put down to the data."""

_SURER = 2.576 / 1.960
"""From a 95% to a 99% interval: it is looked at again and again."""


def measure_performance(
    labelled: pa.Table,
    version: ModelVersion,
    *,
    min_rows: int = 100,
    also: Collection[str] = (),
) -> Performance | None:
    """Return how good the predictions of a version were, None if nothing can be measured.

    Args:
        labelled: Rows of `PredictionLog.labelled`, in the order of time.
        version: Who predicted.
        min_rows: With fewer rows than this, nothing is said to have fallen.
        also: Metrics to measure beside the usual ones and the version's own.
    """
    task, classes = version.signature.task, version.signature.classes
    if not task.supervised:
        return None  # there is no outcome that an answer could be held against
    actual, scores, unreadable = held_against(labelled, version)
    if task.numeric:
        losses = np.abs(actual - np.asarray(scores.predictions, dtype=np.float64))
    else:
        pairs = zip(scores.predictions, actual, strict=True)
        losses = np.asarray(
            [set(said) != set(true) if task.several else said != true for said, true in pairs],
            float,
        )
    wanted = {*headlines(task), version.metric, *also}
    metrics = intervals(task, classes, actual, scores, only=wanted) if len(actual) else {}
    name = _choose(version, metrics)
    if name is None:
        return None
    blur = math.sqrt(len(losses) / worth_of_numbers(losses))
    metrics = {key: _widened(item, blur) for key, item in metrics.items()}
    performance = Performance(
        metric=name,
        value=metrics[name],
        rows=len(actual),
        expected=version.metrics.get(name),
        metrics=metrics,
        unreadable=unreadable,
    )
    return judged(performance, min_rows)


def held_against(labelled: pa.Table, version: ModelVersion) -> tuple[Any, Scores, int]:
    """Return what was true, what was said, and how many outcomes could not be read.

    Args:
        labelled: Rows of `PredictionLog.labelled`.
        version: Says what its answers and outcomes mean.
    """
    task, classes = version.signature.task, version.signature.classes
    if task.several:
        return _sets(labelled)
    if task.numeric:
        return _numbers(labelled)
    return _labels(labelled, Labels(classes), len(classes))


def severity(performance: Performance) -> float:
    """Return 0..1: a shortfall of a fifth of what was promised is as bad as it gets."""
    promised = abs(performance.expected.value) if performance.expected else 0.0
    return min(1.0, 5 * performance.shortfall / promised) if promised else 1.0


def _choose(version: ModelVersion, metrics: dict[str, Estimate]) -> str | None:
    """Return the metric to judge by: the version's own, or another that both sides have."""
    wanted = (version.metric, "accuracy", "rmse", *metrics)
    promised = [name for name in wanted if name in metrics and name in version.metrics]
    return next(iter(promised), next((name for name in wanted if name in metrics), None))


def judged(performance: Performance, min_rows: int) -> Performance:
    """Return the performance with its shortfall, the limit of that, and whether it fell."""
    value, expected = performance.value, performance.expected
    text = f"{performance.metric} is {number(value.value)}"
    if value.low is not None and value.high is not None:
        text += f" ({number(value.low)} to {number(value.high)})"
    text += f" on {performance.rows:,} rows with a known outcome"
    if expected is None:
        return replace(performance, message=text)
    sign = direction(performance.metric)
    tolerance = TOLERANCE if sign > 0 else TOLERANCE_OF_ERRORS * abs(expected.value)
    limit = tolerance + _SURER * math.hypot(_reach(value, sign), _reach(expected, -sign))
    shortfall = sign * (expected.value - value.value)
    return replace(
        performance,
        shortfall=shortfall,
        limit=limit,
        fell=performance.rows >= min_rows and value.low is not None and shortfall > limit,
        message=f"{text}, {number(expected.value)} on the test rows",
    )


def _reach(estimate: Estimate, sign: int) -> float:
    """Return how far the interval reaches up (+1) or down (-1)."""
    bound = estimate.high if sign > 0 else estimate.low
    return abs(bound - estimate.value) if bound is not None else 0.0


def _widened(estimate: Estimate, factor: float) -> Estimate:
    if estimate.low is None or estimate.high is None:
        return estimate
    value = estimate.value
    return Estimate(
        value=value,
        low=value - factor * (value - estimate.low),
        high=value + factor * (estimate.high - value),
    )


def _numbers(labelled: pa.Table) -> tuple[Any, Scores, int]:
    actual, said = read_numbers(labelled["outcome"]), read_numbers(labelled["prediction"])
    readable = np.isfinite(actual) & np.isfinite(said)
    unreadable = int(np.count_nonzero(~readable))
    return actual[readable], Scores(predictions=said[readable]), unreadable


def _labels(labelled: pa.Table, labels: Labels, classes: int) -> tuple[Any, Scores, int]:
    actual = labels.read(labelled["outcome"])
    said = labels.read(labelled["prediction"])
    chances = _probabilities(labelled["probabilities"], classes)
    return actual, Scores(predictions=said, probabilities=chances), actual.count(None)


def _sets(labelled: pa.Table) -> tuple[Any, Scores, int]:
    """Return the sets of labels that turned out to apply, and those that were said to."""
    told = [json.loads(one) for one in labelled["outcome"].to_pylist()]
    said = [json.loads(one) for one in labelled["prediction"].to_pylist()]
    delimiter = delimiter_of(told)
    pairs = [(labels_of(one, delimiter), given) for one, given in zip(told, said, strict=True)]
    known = [(one, given) for one, given in pairs if one is not None and isinstance(given, list)]
    actual = [one for one, _ in known]
    return actual, Scores(predictions=[given for _, given in known]), len(pairs) - len(known)


def _probabilities(column: pa.ChunkedArray, classes: int) -> "NDArray[np.float64] | None":
    """Return rows by classes, None unless every row has one for each class."""
    rows = column.combine_chunks()
    lengths = rows.value_lengths().to_numpy(zero_copy_only=False)
    if not len(rows) or not np.all(lengths == classes):
        return None
    flat: NDArray[np.float64] = rows.flatten().to_numpy(zero_copy_only=False).astype(np.float64)
    return flat.reshape(len(rows), classes)
