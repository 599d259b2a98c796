"""Challenger and champion on the same rows."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import InvalidDataError
from keepwell.core.records import Estimate, ModelVersion
from keepwell.operations.build.judge import open_scorer
from keepwell.operations.loop.retrainings import Comparison

if TYPE_CHECKING:
    import pyarrow as pa

    from keepwell.operations.build.bench import Bench
    from keepwell.tracking.metrics import Scored

ORDERS = frozenset({"roc_auc", "average_precision"})
"""Metrics that go by the order of probabilities only."""


def compare(
    bench: Bench, candidate: ModelVersion, champion: ModelVersion, table: pa.Table
) -> Comparison | None:
    """Return both versions' metric on the same rows, and the gain with its interval.

    None where the rows cannot decide the metric, or the champion cannot answer them.
    """
    from keepwell.deployment.scoring.following import following
    from keepwell.training.tasks.exams import exam_of

    newer = open_scorer(bench, candidate)
    older = following(open_scorer(bench, champion), newer)
    if older is None:
        return None
    exam = exam_of(champion.signature, table, bench.spec.data, newer.catalogue)
    compared = partial(
        _compared, champion, exam.actual, newer.examined(exam.table), older.examined(exam.table)
    )
    found = compared(champion.metric)
    if found is None or champion.metric not in ORDERS:
        return found
    loss = compared("log_loss")
    if loss is None or loss.challenger >= _surprise(exam.actual):
        return found  # whoever knows less than how often each class is may well be less wrong than another
    return replace(found, loss=loss)


def _surprise(actual: Any) -> float:
    """Return the logarithmic loss of saying of each row how often each class is."""
    shares = np.unique(np.asarray(actual).astype(str), return_counts=True)[1] / len(actual)
    return float(-(shares * np.log(shares)).sum())


def _compared(
    champion: ModelVersion, actual: Any, challenger: Scored, ruler: Scored, metric: str
) -> Comparison | None:
    """Return both by one metric; None where the rows do not decide it."""
    from keepwell.tracking.metrics import direction, measure, paired_difference

    task, classes = champion.signature.task, champion.signature.classes
    try:
        difference = paired_difference(metric, task, classes, actual, challenger, ruler)
    except InvalidDataError:
        return None
    values = [
        measure(task, classes, actual, item.predictions, item.probabilities)[metric]
        for item in (challenger, ruler)
    ]
    return Comparison(
        metric=metric,
        rows=len(actual),
        challenger=values[0],
        champion=values[1],
        gain=difference if direction(metric) > 0 else _negative(difference),
    )


def _negative(estimate: Estimate) -> Estimate:
    low = None if estimate.high is None else -estimate.high
    high = None if estimate.low is None else -estimate.low
    return Estimate(value=-estimate.value, low=low, high=high)
