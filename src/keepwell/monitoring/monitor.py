"""One look at a version behind an endpoint: everything that the log and the outcomes say about it.

    report = look(log, endpoint="churn", version=champion, profile=registry.profile(champion),
                  spec=spec.monitor, now=clock.now())
    report.signals

A look reads and computes; it writes nothing and decides nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from keepwell.core.records import ColumnType, ModelVersion, Profile, Signal
from keepwell.core.spec import MonitorSpec
from keepwell.monitoring import performance as answers
from keepwell.monitoring import service as answering
from keepwell.monitoring.counting import Counted, count_column
from keepwell.monitoring.drift import compare_columns
from keepwell.monitoring.inputs import parse_inputs
from keepwell.monitoring.labels import label_texts, read_numbers
from keepwell.monitoring.prediction_log.log import PredictionLog
from keepwell.monitoring.quality import find_damage
from keepwell.monitoring.reading import read_notes, read_out
from keepwell.monitoring.report import ColumnReport, Performance, Report, Scope, Service
from keepwell.monitoring.service import Traffic

MOST_ROWS = 50_000
"""Of a window that holds more predictions than this, the newest are looked at."""

PARSED_ROWS = 10_000
"""Inputs are compared on at most so many rows, spread evenly over the window: more would tell no more."""

PREDICTION = "prediction"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """What was read for one look."""

    since: float
    rows: pa.Table  # predictions of the version
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
    """
    window = _read(log, endpoint, version.version, spec, now, since)
    scope = Scope(endpoint=endpoint, version=version.version, since=window.since, until=now)
    inputs = _count_inputs(window.rows, version, profile)
    said = _count_predictions(window.rows, version, profile)
    reports = compare_columns(
        [*inputs, *said],
        importance=version.importance,
        detector_name=spec.drift,
        min_rows=spec.min_rows,
    )
    columns, prediction = reports[: len(inputs)], next(iter(reports[len(inputs) :]), None)
    damage = find_damage(
        inputs, scope, importance=version.importance, min_rows=max(spec.min_rows, 1)
    )
    performance = _measure_performance(window, version, spec, [*columns, *damage])
    seconds = now - window.since
    services = answering.measure_versions(window.requests, seconds, traffic or {})
    service = next(
        (one for one in services if one.version == version.version),
        Service(version=version.version),
    )
    signals = [
        *_signals(scope, columns, prediction, performance),
        *damage,
        *answering.find_failures(service, scope, latency_limit_ms=latency_limit_ms),
    ]
    report = Report(
        endpoint=endpoint,
        model=version.model,
        version=version.version,
        time=now,
        since=window.since,
        until=now,
        rows=window.rows.num_rows,
        columns=tuple(columns),
        prediction=prediction,
        performance=performance,
        service=service,
        versions=tuple(services),
        total=answering.measure_service(
            window.requests, seconds, traffic=answering.total_of(traffic or {})
        ),
        signals=tuple(sorted(signals, key=lambda signal: -signal.severity)),
        notes=read_notes(columns, window.rows.num_rows, spec, most=MOST_ROWS),
    )
    return replace(report, reading=read_out(report, spec))


def _read(
    log: PredictionLog,
    endpoint: str,
    version: int,
    spec: MonitorSpec,
    now: float,
    since: float | None,
) -> _Window:
    by_rows = since is None and spec.window_rows is not None
    start = since
    if start is None and spec.window_seconds is not None and not by_rows:
        start = now - spec.window_seconds
    most = spec.window_rows if by_rows and spec.window_rows else MOST_ROWS
    end = now + 1e-3  # what was predicted at this very time belongs to it
    rows = log.window(
        endpoint,
        rows=min(most, MOST_ROWS),
        since=start,
        until=end,
        version=version,
        columns=["time", "inputs", "prediction"],
    )
    begun = start
    if begun is None:
        begun = rows["time"][0].as_py() if rows.num_rows else now
    return _Window(
        since=begun,
        rows=rows,
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


def _count_inputs(rows: pa.Table, version: ModelVersion, profile: Profile) -> list[Counted]:
    known = {column.name: column for column in profile.columns}
    fields = [item for item in version.signature.inputs if item.name in known]
    documents = rows["inputs"]
    if len(documents) > PARSED_ROWS:
        spread = np.linspace(0, len(documents) - 1, PARSED_ROWS).astype(np.int64)
        documents = documents.take(pa.array(spread))
    inputs = parse_inputs(documents, fields)
    return [
        count_column(
            known[item.name], inputs.columns[item.name], wrong=inputs.wrong.get(item.name, 0)
        )
        for item in fields
    ]


def _count_predictions(rows: pa.Table, version: ModelVersion, profile: Profile) -> list[Counted]:
    known = profile.column(PREDICTION)
    if known is None or version.signature.input(PREDICTION) is not None:
        return []  # an input of that name took the place
    column: Any
    if known.type is ColumnType.CATEGORY:
        column = label_texts(rows["prediction"])
    else:
        column = pa.array(read_numbers(rows["prediction"]), from_pandas=True)
    return [count_column(known, column)]


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
        coverage=min(1.0, recent / max(window.rows.num_rows, 1)),
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
