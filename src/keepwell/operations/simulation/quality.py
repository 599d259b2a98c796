"""How good answers were over time, by the outcomes that came for them sooner or later."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keepwell.core.records import ModelVersion
from keepwell.monitoring.performance import measure_performance
from keepwell.monitoring.prediction_log.schema import seconds_of
from keepwell.operations.simulation.result import Quality, QualityPoint

POINTS = 40
_FEWEST = 20  # answers that a point rests on


def measure_quality(
    answers: pa.Table,
    outcomes: pa.Table,
    version: ModelVersion,
    *,
    since: float,
    until: float,
    points: int = POINTS,
) -> Quality | None:
    """Return how good answers were from one time to another; None where nothing can be measured.

    Args:
        answers: As the log holds them.
        outcomes: All that ever came.
        version: Says how an answer is held against an outcome, and by which metric.
        since: Answers given before that do not count.
        until: Nor those given after that.
        points: Stretches of equal length that the time is divided into.
    """
    if not version.signature.task.supervised:
        return None
    labelled = _labelled(answers, outcomes)
    times = labelled["time"].to_numpy()
    inside = (times >= since) & (times <= until)
    labelled, times = labelled.filter(pa.array(inside)), times[inside]
    whole = measure_performance(labelled, version, also=(version.metric,))
    if whole is None:
        return None
    values = {name: estimate.value for name, estimate in whole.metrics.items()}
    edges = np.linspace(since, until, points + 1)
    places = np.searchsorted(times, edges[1:-1], side="left")
    parts = np.split(np.arange(len(times)), places)
    return Quality(
        metric=version.metric,
        value=values.get(version.metric),
        rows=whole.rows,
        points=tuple(
            _point(labelled, part, version, float(begin))
            for part, begin in zip(parts, edges[:-1], strict=True)
        ),
        metrics=values,
    )


def _labelled(answers: pa.Table, outcomes: pa.Table) -> pa.Table:
    """Return answers with the first outcome that came for each, in the order of time."""
    outcomes = outcomes.sort_by("time")
    places = pc.index_in(answers["id"], outcomes["prediction_id"].combine_chunks())
    known = answers.append_column("outcome", outcomes["outcome"].take(places)).filter(
        pc.is_valid(places)
    )
    known = known.sort_by("time")
    return known.set_column(
        known.schema.get_field_index("time"), "time", pa.array(seconds_of(known["time"]))
    )


def _point(
    labelled: pa.Table, rows: Sequence[int], version: ModelVersion, begin: float
) -> QualityPoint:
    if len(rows) < _FEWEST:
        return QualityPoint(time=begin, value=None, rows=len(rows))
    found = measure_performance(labelled.take(rows), version, also=(version.metric,))
    estimate = found.metrics.get(version.metric) if found is not None else None
    return QualityPoint(
        time=begin, value=None if estimate is None else estimate.value, rows=len(rows)
    )
