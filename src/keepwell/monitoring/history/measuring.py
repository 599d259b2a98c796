"""Measures one period of one version: estimated from its answers, realised from its outcomes."""

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keepwell.core.records import ModelVersion
from keepwell.monitoring.estimation import Reference, estimate
from keepwell.monitoring.estimation.answers import answers_of
from keepwell.monitoring.history.maturity import Delays
from keepwell.monitoring.history.point import Point
from keepwell.monitoring.performance import measure_performance

if TYPE_CHECKING:
    from keepwell.monitoring.history.periods import Period
    from keepwell.monitoring.prediction_log.log import PredictionLog

MOST_ROWS = 3_000
"""Of a period that holds more answers or outcomes, the newest so many are measured."""


def measure_period(  # noqa: PLR0913 (each is a part of what is measured, by name)
    log: "PredictionLog",
    *,
    endpoint: str,
    version: ModelVersion,
    period: "Period",
    reference: Reference,
    predictions: int,
    outcomes: int,
    wanted: Collection[str] = (),
    now: float,
) -> Point:
    """Return what is known of a period, but for its maturity."""
    fields = [item for item in version.signature.inputs if _looked_at(reference, item.name)]
    logged = log.window(
        endpoint,
        rows=MOST_ROWS,
        since=period.since,
        until=period.until,
        version=version.version,
        columns=["time", "prediction", "probabilities", *(["inputs"] if fields else [])],
    )
    names = {version.metric, *wanted}
    expected = (
        estimate(
            reference,
            version.signature,
            answers_of(logged, version.signature, fields),
            promised=version.metrics,
            wanted=names,
        )
        if reference.method and logged.num_rows
        else None
    )
    seen = None
    if outcomes and version.signature.task.supervised:
        labelled = log.labelled(
            endpoint,
            rows=MOST_ROWS,
            since=period.since,
            until=period.until,
            version=version.version,
            columns=["time", "prediction", "probabilities"],
        )
        seen = measure_performance(labelled, version, also=names) if labelled.num_rows else None
    return Point(
        since=period.since,
        until=period.until,
        version=version.version,
        predictions=predictions,
        outcomes=outcomes,
        coverage=min(1.0, outcomes / predictions) if predictions else 0.0,
        realised=dict(seen.metrics) if seen is not None else {},
        estimated=dict(expected.metrics) if expected is not None else {},
        confusion=expected.confusion if expected is not None else (),
        amended=now,
    )


def with_maturity(point: Point, delays: Delays, now: float) -> Point:
    """Return the point with the share of its outcomes that is expected to have come by now."""
    # Predictions are taken as spread evenly over the part of the period that is past.
    end = min(point.until, now)
    ages = now - np.linspace(point.since, end, 50)
    return replace(point, maturity=delays.matured(ages))


def _looked_at(reference: Reference, name: str) -> bool:
    return any(one.name == name for one in reference.columns)
