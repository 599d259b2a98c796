"""How good answers were over time, by the outcomes that came for them sooner or later."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keepwell.core.records import ModelVersion
from keepwell.monitoring.performance import held_against
from keepwell.monitoring.prediction_log.schema import seconds_of
from keepwell.operations.simulation.result import Quality, QualityPoint
from keepwell.tracking.metrics import headlines, measure

POINTS = 40
_FEWEST = 50  # answers that a point rests on, on the average


def measure_quality(
    answers: pa.Table,
    outcomes: pa.Table,
    version: ModelVersion,
    *,
    since: float,
    until: float,
) -> Quality | None:
    """Return how good answers were from one time to another; None where nothing can be measured.

    Args:
        answers: As the log holds them.
        outcomes: All that ever came.
        version: Says how an answer is held against an outcome, and by which metric.
        since: Answers given before that do not count.
        until: Nor those given after that.
    """
    if not version.signature.task.supervised:
        return None
    labelled = _labelled(answers, outcomes)
    times = labelled["time"].to_numpy()
    inside = (times >= since) & (times <= until)
    labelled, times = labelled.filter(pa.array(inside)), times[inside]
    metrics = _measured(labelled, version)
    if not metrics:
        return None
    points = max(1, min(POINTS, len(times) // _FEWEST))
    edges = np.linspace(since, until, points + 1)
    places = np.searchsorted(times, edges[1:-1], side="left")
    parts = np.split(np.arange(len(times)), places)
    return Quality(
        metric=version.metric,
        value=metrics.get(version.metric),
        rows=len(times),
        points=tuple(
            QualityPoint(
                time=float(begin),
                value=_measured(labelled.take(part), version).get(version.metric),
                rows=len(part),
            )
            for part, begin in zip(parts, edges[:-1], strict=True)
        ),
        metrics=metrics,
    )


def _measured(labelled: pa.Table, version: ModelVersion) -> dict[str, float]:
    """Return the metrics that rows decide."""
    if not labelled.num_rows:
        return {}
    task, classes = version.signature.task, version.signature.classes
    actual, scores, _ = held_against(labelled, version)
    if not len(actual):
        return {}
    wanted = {*headlines(task), version.metric}
    return measure(task, classes, actual, scores.predictions, scores.probabilities, only=wanted)


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
