"""What of an endpoint's standing is outside its limits: estimates, KPIs, groups."""

from collections.abc import Iterator, Sequence

from keepwell.core.records import ModelVersion, Signal
from keepwell.core.spec import MonitorSpec
from keepwell.monitoring.groups import verdict as groups_verdict
from keepwell.monitoring.history import Point
from keepwell.monitoring.kpis import verdict as kpi_verdict
from keepwell.monitoring.performance import judged, severity
from keepwell.monitoring.report import Performance, Scope
from keepwell.monitoring.words import number, percent
from keepwell.operations.standing.record import Standing


def metric_of(version: ModelVersion, points: Sequence[Point]) -> str:
    """Return the metric to tell: the version's own where it is known, else one that is."""
    told = [
        {*point.realised, *point.estimated} for point in points if point.version == version.version
    ]
    for name in (version.metric, "accuracy", "rmse", "mae"):
        if any(name in one for one in told):
            return name
    return version.metric


def expected_of(standing: Standing, champion: ModelVersion, min_rows: int) -> Performance | None:
    """Return what is estimated of the newest period that outcomes do not decide yet.

    None where outcomes decide it, or there are too few predictions to speak of.
    """
    points = [point for point in standing.of(champion.version) if point.predictions >= min_rows]
    if not points or (points[-1].mature and points[-1].outcomes >= min_rows):
        return None
    point = points[-1]
    value = point.estimated.get(standing.metric)
    promised = champion.metrics.get(standing.metric)
    if value is None or promised is None:
        return None
    return judged(
        Performance(metric=standing.metric, value=value, rows=point.predictions, expected=promised),
        min_rows,
    )


def verdicts(standing: Standing, champion: ModelVersion, spec: MonitorSpec) -> Iterator[Signal]:
    """Yield a signal for what is outside its limits, but for the objectives."""
    fallen = expected_of(standing, champion, spec.min_rows)
    if fallen is not None and fallen.fell:
        yield _estimated(standing, champion, fallen)
    for kpi in standing.kpis:
        signal = kpi_verdict(
            kpi, endpoint=standing.endpoint, now=standing.time, min_rows=spec.min_rows
        )
        if signal is not None:
            yield signal
    for one in standing.watched:
        points = [
            point
            for point in standing.groups
            if point.column == one.column
            and point.predictions >= spec.min_rows
            and one.metric in point.gaps
        ]
        signal = groups_verdict(points[-1], one, endpoint=standing.endpoint) if points else None
        if signal is not None:
            yield signal


def _estimated(standing: Standing, champion: ModelVersion, fallen: Performance) -> Signal:
    point = [one for one in standing.of(champion.version) if one.predictions == fallen.rows][-1]
    promised = fallen.expected.value if fallen.expected else 0.0
    come = (
        "" if point.maturity is None else f"; {percent(point.maturity)} of its outcomes have come"
    )
    scope = Scope(
        endpoint=standing.endpoint, version=champion.version, since=point.since, until=point.until
    )
    return scope.signal(
        "estimated_performance",
        f"{fallen.metric} is estimated at {number(fallen.value.value)}, {number(promised)} on the test"
        f" rows{come}",
        value=fallen.shortfall,
        limit=fallen.limit,
        severity=severity(fallen),
        rows=fallen.rows,
    )
