"""Gathers what speaks for another model, and against it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keepwell.core.ports import MeasurementStore
from keepwell.core.records import Endpoint, ModelVersion, Signal
from keepwell.infrastructure.codec import from_plain
from keepwell.monitoring.performance import judged
from keepwell.monitoring.report import Performance, Report
from keepwell.monitoring.words import number
from keepwell.operations.loop.conditions import SERVICE
from keepwell.operations.standing.advice import Situation
from keepwell.operations.standing.record import Standing
from keepwell.operations.standing.verdicts import expected_of

if TYPE_CHECKING:
    from keepwell.monitoring.prediction_log import PredictionLog
    from keepwell.operations.build.bench import Bench
    from keepwell.operations.loop.incidents import Incidents

STALE = 600.0
"""Seconds after which the monitor's last report no longer tells of the present."""

_TOLD = 3
_SERVED = ("latency", "availability")  # objectives that speak of the service


def situation_of(
    bench: "Bench",
    predictions: "PredictionLog",
    incidents: "Incidents",
    measurements: MeasurementStore,
    standing: Standing,
    champion: ModelVersion,
    endpoint: Endpoint,
) -> Situation:
    """Return what is known that the advice rests on."""
    name, least = standing.endpoint, bench.spec.monitor.min_rows
    signals = _signals(measurements, standing, champion)
    memory = incidents.recall(name, champion.version)
    busy = ""
    if memory.retraining is not None:
        busy = "a retraining is under way"
    elif endpoint.rollout:
        busy = "a version is on trial"
    points = standing.of(champion.version)
    expected = expected_of(standing, champion, least)
    foreseen = expected is not None and expected.fell
    fell, holds = _realised(standing, champion, least, newest=foreseen)
    return Situation(
        fell=fell or _words(signals, "performance"),
        holds="" if _words(signals, "performance") else holds,
        expected_fall=_foreseen(expected) if expected is not None and foreseen else "",
        drift=_words(signals, "drift", "prediction_drift"),
        damage=_words(signals, "quality"),
        service=_words(signals, *SERVICE)
        or _words([one for one in signals if one.column.startswith(_SERVED)], "objective"),
        unfair=_words(signals, "fairness"),
        busy=busy,
        labels=predictions.counts(
            name, since=max(champion.created, memory.last_retraining or 0.0)
        ).outcomes,
        needed=bench.spec.loop.retrain.min_labels,
        coming=points[-1].maturity if points else None,
        predictions=sum(point.predictions for point in points),
    )


def _signals(
    measurements: MeasurementStore, standing: Standing, champion: ModelVersion
) -> list[Signal]:
    kept = measurements.read_report(f"endpoint:{standing.endpoint}")
    report = from_plain(Report, kept) if kept is not None else None
    if report is None or standing.time - report.time > STALE or report.version != champion.version:
        return [*standing.signals]
    return [*report.signals, *standing.signals]


def _words(signals: Sequence[Signal], *kinds: str) -> str:
    found = [signal.message for signal in signals if signal.kind in kinds]
    more = len(found) - _TOLD
    return "; ".join(found[:_TOLD]) + (f"; and {more} more" if more > 0 else "")


def _foreseen(expected: Performance) -> str:
    value, promised = expected.value, expected.expected
    words = f"{expected.metric} is estimated at {number(value.value)}"
    if value.low is not None and value.high is not None:
        words += f" ({number(value.low)} to {number(value.high)})"
    return words + (f", {number(promised.value)} was promised" if promised else "")


def _realised(
    standing: Standing, champion: ModelVersion, least: int, *, newest: bool
) -> tuple[str, str]:
    """Return what outcomes say of a fall, and of holding; empty where they do not.

    The newest period that is decided speaks. Against a fall that is estimated of a newer one (`newest`)
    only the outcomes of that one do, even if there are more to come.
    """
    points = standing.of(champion.version)
    decided = [
        point
        for point in (points[-1:] if newest else points)
        if (newest or point.mature)
        and point.outcomes >= least
        and standing.metric in point.realised
    ]
    promised = champion.metrics.get(standing.metric)
    if not decided or promised is None:
        return "", ""
    value = decided[-1].realised[standing.metric]
    seen = judged(
        Performance(
            metric=standing.metric, value=value, rows=decided[-1].outcomes, expected=promised
        ),
        least,
    )
    if seen.fell:
        return seen.message, ""
    words = f"{standing.metric} holds: {number(value.value)}, {number(promised.value)} was promised"
    return "", words
