"""From a monitor's report to what decisions rest on."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from keepwell.core.records import Endpoint, Signal
from keepwell.operations.loop.view import LiveMetric, Look, RouteStats

if TYPE_CHECKING:
    from keepwell.monitoring.report import Report


def look_of(report: "Report") -> Look:
    """Return the part of a report that decisions rest on."""
    return Look(
        time=report.time,
        version=report.version,
        rows=report.rows,
        signals=report.signals,
        live=live_metric(report),
        measures=measures_of(report),
    )


def in_quarantine(signals: Iterable[Signal], endpoint: Endpoint) -> tuple[Signal, ...]:
    """Return signals, those about columns in quarantine marked as known: the model does not see them.

    They stay, for they tell whether what broke upstream is still broken.
    """
    columns = {one.column for one in endpoint.quarantined}
    return tuple(
        replace(
            one,
            severity=0.0,
            known="quarantine",
            message=f"{one.message} (in quarantine: no answer rests on it)",
        )
        if one.column and one.column in columns and not one.known
        else one
        for one in signals
    )


def measures_of(report: "Report") -> dict[str, float]:
    """Return the measured numbers of a report, by the name of their series.

    Times to answer and errors are those of the endpoint, whichever version answered; a 95th percentile of
    a few requests is chance, and left out.
    """
    total = report.total
    found = {"requests_per_second": total.per_second}
    if total.requests >= A_FEW:
        found["error_rate"] = total.error_rate
        for name in ("latency_p95_ms", "latency_p50_ms"):
            value = getattr(total, name)
            if value is not None:
                found[name] = value
    if report.performance is not None:
        for name, estimate in report.performance.metrics.items():
            found[f"metric:{name}"] = estimate.value
    for column in report.columns:
        found[f"missing:{column.name}"] = column.missing
        if column.detector:
            found[f"drift:{column.name}"] = column.effect
    return found


A_FEW = 20
"""Requests from which on percentiles and shares of them say something."""


def live_metric(report: "Report") -> LiveMetric | None:
    """Return the live metric of a report; None where no outcomes came."""
    quality = report.performance
    if quality is None or not quality.rows:
        return None
    return LiveMetric(
        name=quality.metric,
        version=report.version,
        value=quality.value,
        rows=quality.rows,
        expected=quality.expected.value if quality.expected is not None else None,
    )


def route_stats(report: "Report") -> RouteStats:
    """Return what a step of a rollout is judged by."""
    return RouteStats(
        version=report.version,
        requests=report.service.rows + report.service.errors,
        errors=report.service.errors,
        latency_p95_ms=report.service.latency_p95_ms,
        prediction_drift=(
            report.prediction.effect
            if report.prediction is not None and report.prediction.detector
            else None
        ),
        live=live_metric(report),
    )
