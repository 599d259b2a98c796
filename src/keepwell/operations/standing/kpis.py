"""Asks every KPI of every period, and of every version in it; what did not change is not asked again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keepwell.core.spec import KpiSpec
from keepwell.monitoring.history import Delays
from keepwell.monitoring.history.periods import Period
from keepwell.monitoring.kpis import Kpi, KpiPoint, ask

if TYPE_CHECKING:
    from keepwell.monitoring.prediction_log import PredictionLog
    from keepwell.operations.standing.record import Standing

    Counts = Mapping[tuple[float, int], tuple[int, int]]
    Key = tuple[float, float, int, int, int]


def ask_all(  # noqa: PLR0913 (each is a part of what is asked, by name)
    log: "PredictionLog",
    specs: Sequence[KpiSpec],
    *,
    endpoint: str,
    periods: Sequence[Period],
    counts: "Counts",
    before: "Standing | None",
    delays: Delays,
    now: float,
) -> tuple[Kpi, ...]:
    """Return every KPI over time, of all versions together (version 0) and of each."""
    earlier = {kpi.name: kpi for kpi in before.kpis} if before else {}
    return tuple(
        Kpi(
            name=spec.name,
            sql=spec.sql,
            target=spec.target,
            direction=spec.direction,
            money=spec.money,
            points=tuple(
                _matured(point, spec, delays, now)
                for period in periods
                for point in _of_period(
                    spec, log, endpoint, period, counts, _known(earlier.get(spec.name), spec)
                )
            ),
        )
        for spec in specs
    )


def _known(kpi: Kpi | None, spec: KpiSpec) -> "dict[Key, KpiPoint]":
    if kpi is None or kpi.sql != spec.sql:  # another question has other answers
        return {}
    return {_key(point): point for point in kpi.points if not point.problem}


def _key(point: KpiPoint) -> "Key":
    return point.since, point.until, point.version, point.predictions, point.outcomes


def _of_period(
    spec: KpiSpec,
    log: "PredictionLog",
    endpoint: str,
    period: Period,
    counts: "Counts",
    known: "dict[Key, KpiPoint]",
) -> list[KpiPoint]:
    here = {version: rows for (since, version), rows in counts.items() if since == period.since}
    if not here:
        return []
    whole = (sum(rows for rows, _ in here.values()), sum(known for _, known in here.values()))
    asked = {0: whole, **dict(sorted(here.items()))}
    found = []
    for version, (predictions, outcomes) in asked.items():
        point = KpiPoint(
            since=period.since,
            until=period.until,
            version=version,
            predictions=predictions,
            outcomes=outcomes,
        )
        if _key(point) in known:
            found.append(known[_key(point)])
            continue
        tables = log.of_period(endpoint, period.since, period.until, version or None)
        value, problem = ask(spec.sql, tables)
        found.append(replace(point, value=value, problem=problem))
    return found


def _matured(point: KpiPoint, spec: KpiSpec, delays: Delays, now: float) -> KpiPoint:
    """Say how many of its outcomes have come, where the question is about outcomes at all."""
    if "outcome" not in spec.sql.lower():
        return replace(point, maturity=None)
    ages = now - np.linspace(point.since, min(point.until, now), 50)
    return replace(point, maturity=delays.matured(ages))
