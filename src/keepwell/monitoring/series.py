"""Keeps what a monitor saw as series over time, and its newest report.

Subjects are `endpoint:NAME` and `endpoint:NAME/vVERSION`; series are `rows`, `requests` (per second),
`latency_p50_ms`, `latency_p95_ms`, `latency_p99_ms`, `error_rate`, `metric:NAME`, `drift:COLUMN`,
`drift:prediction` and `concept` (the rise of errors on equal inputs).
"""

from collections.abc import Iterator

from keepwell.core.ports import MeasurementStore, Point
from keepwell.infrastructure.codec import to_plain
from keepwell.monitoring.report import Report, Service


def record(measurements: MeasurementStore, report: Report, *, main: bool = True) -> None:
    """Append a report's numbers to their series, and keep the report itself.

    Args:
        measurements: Where to.
        report: What was seen.
        main: It is about the version that the endpoint is judged by, the champion; of others, only
            their own series are kept.
    """
    subject = f"endpoint:{report.endpoint}"
    own = f"{subject}/v{report.version}"
    quality = list(_of_model(report))
    measurements.append(own, [*quality, *_of_service(report.service, report.time)])
    if not main:
        return
    measurements.append(subject, [*quality, *_of_service(report.total, report.time)])
    measurements.write_report(subject, report.time, to_plain(report))


def _of_model(report: Report) -> Iterator[Point]:
    if report.performance is not None:
        for name, estimate in report.performance.metrics.items():
            yield Point(f"metric:{name}", report.time, estimate.value)
    if report.concept is not None:
        yield Point("concept", report.time, report.concept.rise)
    for column in report.columns:
        if column.detector:
            yield Point(f"drift:{column.name}", report.time, column.effect)
    if report.prediction is not None and report.prediction.detector:
        yield Point("drift:prediction", report.time, report.prediction.effect)


def _of_service(service: Service, time: float) -> Iterator[Point]:
    yield Point("rows", time, service.rows)
    yield Point("requests", time, service.per_second)
    yield Point("error_rate", time, service.error_rate)
    for name in ("latency_p50_ms", "latency_p95_ms", "latency_p99_ms"):
        value = getattr(service, name)
        if value is not None:
            yield Point(name, time, value)
