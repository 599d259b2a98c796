"""One look at a version behind an endpoint: everything that the log and the outcomes say about it.

    report = look(log, endpoint="churn", version=champion, profile=registry.profile(champion),
                  spec=spec.monitor, now=clock.now())
    report.signals

A look reads and computes; it writes nothing and decides nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from keepwell.core.records import ModelVersion, Profile, Signal
from keepwell.core.spec import MonitorSpec
from keepwell.monitoring import performance as answers
from keepwell.monitoring import service as answering
from keepwell.monitoring.breaks import find_breaks, without_symptoms
from keepwell.monitoring.concept.watching import concept_signals, watch_concept
from keepwell.monitoring.drift import compare_columns
from keepwell.monitoring.prediction_log.log import PredictionLog
from keepwell.monitoring.quality import find_damage
from keepwell.monitoring.reading import read_notes, read_out
from keepwell.monitoring.report import ColumnReport, Performance, Report, Scope, Service
from keepwell.monitoring.service import Traffic
from keepwell.monitoring.sketches.counted import Counted
from keepwell.monitoring.sketches.slices import find_slices
from keepwell.monitoring.sketches.store import SketchStore, Sum
from keepwell.monitoring.sketches.watched import PARSED_ROWS, PREDICTION, Watched

MOST_ROWS = 50_000
"""Of a window that holds more predictions than this and has no accumulators, the newest are looked at."""

LONGEST = 7 * 86400.0
"""Seconds that a window of so many rows may reach back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """What was read for one look."""

    since: float
    rows: int  # predictions of the version
    most: int  # more were not looked at
    counted: dict[str, Counted]
    requests: pa.Table  # of all versions, without inputs
    labelled: pa.Table


def look(  # noqa: PLR0913 (each narrows or explains the look, by name)
    log: PredictionLog,
    *,
    endpoint: str,
    version: ModelVersion,
    profile: Profile,
    spec: MonitorSpec,
    now: float,
    since: float | None = None,
    traffic: Mapping[int, Traffic] | None = None,
    latency_limit_ms: float | None = None,
    sketches: SketchStore | None = None,
    floors: Callable[[int], Mapping[str, float]] = lambda rows: {},
) -> Report:
    """Return what is to be said about a version at this time.

    Args:
        log: The predictions and outcomes.
        endpoint: Where the version answers.
        version: Which version.
        profile: Statistics of its training.
        spec: The window, and how many rows decide something.
        now: The end of the window.
        since: The start of the window, in place of the one in `spec`: the step of a rollout.
        traffic: By version, what the workers counted in the window: the log knows no failed request.
        latency_limit_ms: What 95% of the requests must stay below; None for no limit.
        sketches: Accumulators, which are read in place of rows where a window holds many.
        floors: By the window's rows, what windows of training's own history differed by, by column.
    """
    watched = Watched(version, profile)
    window = _read(log, endpoint, watched, spec, now, since, sketches)
    scope = Scope(endpoint=endpoint, version=version.version, since=window.since, until=now)
    inputs = [window.counted[item.name] for item in watched.fields]
    said = [window.counted[PREDICTION]] if watched.said is not None else []
    reports = compare_columns(
        [*inputs, *said],
        importance=version.importance,
        detector_name=spec.drift,
        min_rows=spec.min_rows,
        floors=floors(window.rows),
    )
    columns, prediction = reports[: len(inputs)], next(iter(reports[len(inputs) :]), None)
    damage = find_damage(
        inputs, scope, importance=version.importance, min_rows=max(spec.min_rows, 1)
    )
    if since is None:
        damage = without_symptoms(damage, find_breaks(log, watched, scope, columns))
    performance = _measure_performance(window, version, spec, [*columns, *damage])
    change = watch_concept(log, endpoint, watched, spec, now) if since is None else None
    seconds = now - window.since
    services = answering.measure_versions(window.requests, seconds, traffic or {})
    service = next(
        (one for one in services if one.version == version.version),
        Service(version=version.version),
    )
    signals = [
        *_signals(scope, columns, prediction, performance),
        *concept_signals(change, scope),
        *(find_slices(sketches, watched, scope, spec) if sketches is not None else ()),
        *damage,
        *answering.find_failures(service, scope, latency_limit_ms=latency_limit_ms),
        *answering.find_refusals(traffic or {}, scope),
    ]
    report = Report(
        endpoint=endpoint,
        model=version.model,
        version=version.version,
        time=now,
        since=window.since,
        until=now,
        rows=window.rows,
        columns=tuple(columns),
        prediction=prediction,
        performance=performance,
        concept=change,
        service=service,
        versions=tuple(services),
        total=answering.measure_service(
            window.requests, seconds, traffic=answering.total_of(traffic or {})
        ),
        signals=tuple(sorted(signals, key=lambda signal: -signal.severity)),
        notes=read_notes(columns, window.rows, spec, most=window.most),
    )
    return replace(report, reading=read_out(report, spec))


def _read(
    log: PredictionLog,
    endpoint: str,
    watched: Watched,
    spec: MonitorSpec,
    now: float,
    since: float | None,
    sketches: SketchStore | None,
) -> _Window:
    version = watched.version.version
    by_rows = since is None and spec.window_rows is not None
    start = since
    if start is None and spec.window_seconds is not None and not by_rows:
        start = now - spec.window_seconds
    most = spec.window_rows if by_rows and spec.window_rows else MOST_ROWS
    end = now + 1e-3  # what was predicted at this very time belongs to it
    summed = _sum(sketches, endpoint, watched, spec, now) if since is None and sketches else None
    if summed is not None:
        begun, count, counted = summed.since, summed.rows, summed.block.counted()
        most = max(count + 1, MOST_ROWS)
    else:
        most = min(most, MOST_ROWS)
        rows = log.window(
            endpoint,
            rows=most,
            since=start,
            until=end,
            version=version,
            columns=["time", "inputs", "prediction"],
        )
        count, block = rows.num_rows, watched.layout.block()
        watched.count(rows, block)
        counted = block.counted()
        begun = start if start is not None else rows["time"][0].as_py() if count else now
    return _Window(
        since=begun,
        rows=count,
        most=most,
        counted=counted,
        requests=log.window(
            endpoint, rows=MOST_ROWS, since=begun, until=end, columns=answering.COLUMNS
        ),
        labelled=log.labelled(
            endpoint,
            rows=min(most, answers.MOST_ROWS),
            since=None if start is None else start - spec.labels_delay,
            version=version,
            columns=answers.COLUMNS,
        ),
    )


def _sum(
    sketches: SketchStore, endpoint: str, watched: Watched, spec: MonitorSpec, now: float
) -> Sum | None:
    """Return the accumulators of the window, None where it is small enough to read its rows one by one."""
    if spec.window_rows is not None and spec.window_rows <= PARSED_ROWS:
        return None
    summed = sketches.window(
        endpoint,
        watched.version.version,
        watched.layout,
        since=now - (spec.window_seconds or LONGEST),
        until=now,
        rows=spec.window_rows,
    )
    return summed if summed.rows > PARSED_ROWS else None


def _measure_performance(
    window: _Window,
    version: ModelVersion,
    spec: MonitorSpec,
    inputs: list[ColumnReport | Signal],
) -> Performance | None:
    measured = answers.measure_performance(window.labelled, version, min_rows=spec.min_rows)
    if measured is None:
        return None
    recent = np.count_nonzero(window.labelled["time"].to_numpy() >= window.since)
    loud = any(item.severity >= answers.LOUD for item in inputs)
    return replace(
        measured,
        coverage=min(1.0, recent / max(window.rows, 1)),
        cause=("data" if loud else "concept") if measured.fell else "",
    )


def _signals(
    scope: Scope,
    columns: list[ColumnReport],
    prediction: ColumnReport | None,
    performance: Performance | None,
) -> list[Signal]:
    found = [
        scope.signal(
            "drift",
            column.message,
            value=column.effect,
            limit=column.limit,
            severity=column.severity,
            rows=column.rows,
            column=column.name,
        )
        for column in columns
        if column.drifted
    ]
    if prediction is not None and prediction.drifted:
        found.append(
            scope.signal(
                "prediction_drift",
                prediction.message,
                value=prediction.effect,
                limit=prediction.limit,
                severity=prediction.severity,
                rows=prediction.rows,
            )
        )
    if performance is not None and performance.fell:
        found.append(
            scope.signal(
                "performance",
                performance.message,
                value=performance.shortfall,
                limit=performance.limit,
                severity=answers.severity(performance),
                rows=performance.rows,
            )
        )
    return found
