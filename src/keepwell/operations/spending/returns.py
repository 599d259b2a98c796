"""What a use case brings in: its KPIs that are money, as they were measured period by period."""

from collections.abc import Iterable

from keepwell.monitoring.kpis import Kpi, KpiPoint


def earned(kpis: Iterable[Kpi], since: float, until: float, now: float) -> float | None:
    """Return the money of a stretch of time; None where no KPI is money, or none was measured in it.

    Of a period that lies in it only in part, that part counts.
    """
    shares = [
        point.value * share
        for kpi in kpis
        if kpi.money
        for point in kpi.whole
        if point.value is not None and (share := _within(point, since, until, now)) > 0
    ]
    return sum(shares) if shares else None


def gain(brought: float | None, cost: float) -> float | None:
    """Return the return on what was spent, as a share of it: at 1.5, two and a half times as much came back.

    None where nothing was spent, or it is not known what was brought in.
    """
    return None if brought is None or cost <= 0 else (brought - cost) / cost


def _within(point: KpiPoint, since: float, until: float, now: float) -> float:
    end = min(point.until, now)  # of a period that goes on, nothing is known beyond
    length = end - point.since
    shared = min(end, until) - max(point.since, since)
    return max(0.0, shared) / length if length > 0 else 0.0
