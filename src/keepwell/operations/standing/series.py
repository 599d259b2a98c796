"""Keeps what was seen as series over time, beside those of the monitors.

Of `endpoint:NAME`: `estimated:METRIC`, `kpi:NAME`, `fairness:COLUMN:METRIC`, `budget:OBJECTIVE` (the share
that is left), `burn:OBJECTIVE` (in the last hour) and `uptime`.
"""

from collections.abc import Iterator

from keepwell.core.ports import MeasurementStore, Point
from keepwell.operations.standing.record import Standing


def record(measurements: MeasurementStore, standing: Standing) -> None:
    """Append the newest numbers of a standing to their series."""
    measurements.append(f"endpoint:{standing.endpoint}", [*_points(standing)])


def _points(standing: Standing) -> Iterator[Point]:
    time, points = standing.time, standing.of(standing.version)
    for name, guess in points[-1].estimated.items() if points else ():
        yield Point(f"estimated:{name}", time, guess.value)
    for kpi in standing.kpis:
        told = [point.value for point in kpi.whole if point.value is not None]
        if told:
            yield Point(f"kpi:{kpi.name}", time, told[-1])
    for one in standing.watched:
        gaps = [point.gaps for point in standing.groups if point.column == one.column]
        for name, gap in gaps[-1].items() if gaps else ():
            yield Point(f"fairness:{one.column}:{name}", time, gap.value)
    for budget in standing.budgets:
        if budget.left is not None:
            yield Point(f"budget:{budget.objective.name}", time, budget.left)
            yield Point(f"burn:{budget.objective.name}", time, budget.burns[0].long)
    if standing.uptime is not None and standing.uptime.share is not None:
        yield Point("uptime", time, standing.uptime.share)
