"""Advice about a workspace as it is, from what was measured; and what applies it."""

import statistics
from typing import TYPE_CHECKING

from keepwell.core.ports import MeasurementStore
from keepwell.core.records import Endpoint, Scale
from keepwell.core.spec import ProjectSpec
from keepwell.operations.sizing.advice import GENERAL, Advice, Watched, advise
from keepwell.operations.sizing.demand import HOUR, Demand, demand_of, together
from keepwell.operations.sizing.outlook import outlook_of
from keepwell.operations.spending.parking import parked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keepwell.deployment.scaling import Scaling
    from keepwell.workspace import Workspace

_MONTHS_OF_POINTS = 200_000
WHY = "as advised: {reason}"


def gather(workspace: "Workspace") -> Advice:
    """Return which sizes would do for a workspace."""
    from keepwell.deployment.server.supervisor import living
    from keepwell.monitoring.machines.allowance import allowance

    sizes = [state.rss for state in living(workspace.home) if state.rss]
    return advice_on(
        workspace.spec,
        workspace.measurements,
        workspace.endpoints.find(),
        workspace.scaling.read(),
        now=workspace.clock.now(),
        cores=allowance().cores,
        memory=int(statistics.median(sizes)) if sizes else 0,
    )


def advice_on(  # noqa: PLR0913 - what the advice rests on, by name
    spec: ProjectSpec,
    measurements: MeasurementStore,
    endpoints: "Sequence[Endpoint]",
    scale: Scale,
    *,
    now: float,
    cores: float,
    memory: int,
    hour: int | None = None,
) -> Advice:
    """Return which sizes would do, from series of the use of endpoints.

    Args:
        spec: The project: prices, and when an endpoint is idle.
        measurements: Where use is kept.
        endpoints: Those that there are.
        scale: Workers that are wanted now.
        now: Unix seconds.
        cores: Processors that may be used.
        memory: Bytes of a worker.
        hour: The first hour to look ahead to, since 1970; the next full one unless said.
    """
    demands = {
        one.name: _demand(measurements, one.name, now) for one in endpoints if not one.external
    }
    own = {name for name in demands if scale.pools.get(name)} | set(parked(measurements))
    general = [demand for name, demand in demands.items() if name not in own]
    hour = int(now // HOUR) + 1 if hour is None else hour
    found = {GENERAL: _watched(together(general), hour, None)}
    for name in sorted(own & set(demands)):
        demand = demands[name]
        asked = now - (demand.last if demand.last is not None else now - demand.watched)
        idle = asked if asked >= spec.costs.idle.after else None
        found[name] = _watched(demand, hour, idle)
    return advise(found, scale, cores=cores, memory=memory, costs=spec.costs)


def apply(scaling: "Scaling", endpoints: "Sequence[Endpoint]", advice: Advice) -> Scale:
    """Ask for the sizes that were advised; each change is an event with its reason."""
    reasons = [
        f"{one.name or 'all endpoints'}: {one.reason}"
        for one in advice.parts
        if one.advised != one.now
    ]
    return scaling.change(
        workers=advice.workers,
        pools=advice.pools,
        endpoints=[one.name for one in endpoints],
        why=WHY.format(reason="; ".join(reasons)),
    )


def load_since(measurements: MeasurementStore, name: str, since: float) -> float:
    """Return the processors that an endpoint has filled since a time; 0 where that is not known."""
    points = measurements.series(f"usage:endpoint:{name}", ["cpu_seconds"], since=since).get(
        "cpu_seconds", []
    )
    if len(points) < 2 or points[-1].time <= points[0].time:  # noqa: PLR2004 - a span has two ends
        return 0.0
    used = points[-1].value - points[0].value
    return max(0.0, used) / (points[-1].time - points[0].time)


def _demand(measurements: MeasurementStore, name: str, now: float) -> Demand:
    lines = measurements.series(
        f"usage:endpoint:{name}", ["cpu_seconds", "requests"], limit=_MONTHS_OF_POINTS
    )
    return demand_of(lines.get("cpu_seconds", []), lines.get("requests", []), now)


def _watched(demand: Demand, hour: int, idle: float | None) -> Watched:
    return Watched(demand=demand, outlook=outlook_of(demand.hours, hour), idle=idle)
