"""Numbers of traces held to `traces.limits`, and shares of them to `traces.objectives`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from keepwell.core.records import Signal
from keepwell.core.spec.objectives import ObjectiveSpec
from keepwell.core.spec.tracing import LimitSpec
from keepwell.monitoring.objectives.budget import ALARMS, Budget, budget_of, verdict
from keepwell.monitoring.traces.figures import sums_of
from keepwell.monitoring.traces.log import TraceLog
from keepwell.monitoring.traces.wanted import quoted
from keepwell.monitoring.words import number

_KINDS = {"error_rate": "errors", "cost": "cost", "cost_per_thousand": "cost"}
_FEW = 5  # traces: what fewer show is an accident


def breaches(
    app: str,
    found: Mapping[str, float],
    limits: Sequence[LimitSpec],
    *,
    since: float,
    until: float,
) -> list[Signal]:
    """Return a signal for each number that passed its limit."""
    rows = int(found.get("traces", 0))
    signals = []
    for limit in limits:
        value = found.get(limit.name)
        if value is None or (value >= limit.value if limit.floor else value <= limit.value):
            continue
        if rows < _FEW and limit.name not in ("cost", "requests"):
            continue
        side = "below" if limit.floor else "above"
        signals.append(
            Signal(
                kind=_kind(limit.name),
                endpoint="",
                version=0,
                column=f"{app} {limit.name}",
                value=value,
                limit=limit.value,
                severity=_severity(value, limit),
                message=f"{limit.name} of {app} is {number(value)}, {side} {number(limit.value)},"
                f" over {rows} traces",
                rows=rows,
                since=since,
                until=until,
            )
        )
    return signals


def standing(log: TraceLog, app: str, objective: ObjectiveSpec, now: float) -> Budget:
    """Return how an objective of an application stands."""
    longest = max(objective.period, *(alarm.long for alarm in ALARMS))
    sums = sums_of(log, app, _good(objective), now - longest)
    return budget_of(objective, sums, now)


def burning(app: str, budget: Budget, now: float) -> Signal | None:
    """Return a signal where an objective uses up its budget too fast, None where it does not."""
    found = verdict(budget, endpoint="", time=now)
    if found is None:
        return None
    return replace(found, column=f"{app} {found.column}", message=f"{app}: {found.message}")


def _good(objective: ObjectiveSpec) -> str:
    if objective.kind == "latency":
        return f"CASE WHEN error = '' THEN ms <= {objective.limit!r} END"
    if objective.kind == "availability":
        return "error = ''"
    name = quoted(objective.of)
    score = f"(SELECT value FROM judged WHERE judged.trace = traces.trace AND judged.name = {name})"  # noqa: S608 (quoted)
    return f"{score} >= {objective.limit!r}"


def _kind(name: str) -> str:
    if name.startswith("score:"):
        return "performance"
    if "_ms" in name:
        return "latency"
    return _KINDS.get(name, "quality")


def _severity(value: float, limit: LimitSpec) -> float:
    """Return how grave it is: 0.5 where a limit is just passed, 1 at twice of it (or half of a floor)."""
    base = abs(limit.value) or 1.0
    passed = (limit.value - value) / base * 2 if limit.floor else (value - limit.value) / base
    return min(1.0, 0.5 + passed / 2)
