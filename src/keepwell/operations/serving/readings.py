"""From a monitor's report to what decisions rest on."""

from typing import TYPE_CHECKING

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
    )


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
