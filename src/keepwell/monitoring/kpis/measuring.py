"""Asks a KPI of one period, and holds it to its target."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keepwell.core.errors import UsageError
from keepwell.core.records import Signal
from keepwell.core.spec import KpiSpec
from keepwell.infrastructure.tables import query
from keepwell.monitoring.history.maturity import MATURE
from keepwell.monitoring.report import Scope
from keepwell.monitoring.words import number

SECONDS = 5.0
MEMORY = 512 << 20
"""What one question may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiPoint:
    """A KPI in one period.

    Attributes:
        since: Start of the period, Unix seconds.
        until: Its end.
        version: Of which version's predictions; 0: of all.
        value: The number; None where it has none, or the question failed.
        problem: Why it failed; empty if it did not.
        predictions: How many predictions the period has.
        outcomes: How many outcomes.
        maturity: As in the history of performance.
    """

    since: float
    until: float
    version: int = 0
    value: float | None = None
    problem: str = ""
    predictions: int = 0
    outcomes: int = 0
    maturity: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """A KPI over time, the oldest period first."""

    name: str
    sql: str = ""
    target: float | None = None
    direction: str = "higher"
    money: bool = False
    points: tuple[KpiPoint, ...] = ()

    @property
    def whole(self) -> tuple[KpiPoint, ...]:
        """Of all versions together."""
        return tuple(point for point in self.points if not point.version)


def ask(sql: str, tables: Mapping[str, Any]) -> tuple[float | None, str]:
    """Return the first value of the answer as a number, and what was wrong with it; empty if nothing."""
    try:
        rows = query(sql, tables, most=2, seconds=SECONDS, memory=MEMORY)
    except UsageError as error:
        return None, error.why.partition("\n")[0]
    if not rows.num_rows or not rows.num_columns:
        return None, ""
    value = rows.column(0)[0].as_py()
    if value is None:
        return None, ""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None, f"it answers {value!r}, which is no number"
    return (found, "") if math.isfinite(found) else (None, "")


def reached(spec: KpiSpec | Kpi, value: float) -> bool:
    """Tell whether a value is on the good side of the target; without one, every value is."""
    if spec.target is None:
        return True
    return value >= spec.target if spec.direction == "higher" else value <= spec.target


def verdict(kpi: Kpi, *, endpoint: str, now: float, min_rows: int) -> Signal | None:
    """Return a signal if the newest period that is over missed the target.

    A period counts once it has predictions enough, and, where outcomes come at all, once nearly all have.
    """
    decided = [
        point
        for point in kpi.whole
        if point.value is not None
        and point.until <= now
        and point.predictions >= min_rows
        and (point.maturity is None or point.maturity >= MATURE)
    ]
    if kpi.target is None or not decided:
        return None
    newest = decided[-1]
    if newest.value is None or reached(kpi, newest.value):
        return None
    missed = abs(newest.value - kpi.target)
    scope = Scope(endpoint=endpoint, version=0, since=newest.since, until=newest.until)
    side = "below" if kpi.direction == "higher" else "above"
    return scope.signal(
        "kpi",
        f"`{kpi.name}` is {number(newest.value)}, {side} its target of {number(kpi.target)}",
        value=newest.value,
        limit=kpi.target,
        severity=missed / abs(kpi.target) if kpi.target else 1.0,
        rows=newest.predictions,
        column=kpi.name,
    )
