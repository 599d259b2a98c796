"""Whether a machine had too little of something: what tells a slow host from a changed world.

    found = starvation(measurements, since, until)
    if found is not None:
        print(found.message)      # the host 'web-1' was short of processor time in 80% of 5m

A host is starved while work waits: for a processor, because others take it or a quota holds it back; for
memory, because pages go in and out. A busy host is not starved: all processors at work and nobody waiting is
what one pays for.
"""

import platform
from collections.abc import Sequence
from dataclasses import dataclass

from keepwell.core.durations import format_duration
from keepwell.core.ports import MeasurementStore, Point
from keepwell.core.spec import MachinesSpec
from keepwell.monitoring.machines.host import HostReading

SHORT_OF = {"cpu": "processor time", "memory": "memory", "io": "disk throughput"}

_STOLEN = 10.0  # percent of the time that the machine below us was busy with others
_QUEUE = 2.0  # processes that want to run, for each processor


@dataclass(frozen=True, slots=True, kw_only=True)
class Starvation:
    """A stretch of time in which a host was short of something.

    Attributes:
        host: The machine.
        resource: `cpu`, `memory` or `io`.
        share: Of the samples of that stretch in which it was short of it.
        samples: How many those are.
        since: The first of them, Unix seconds.
        until: The last.
        message: That in words.
    """

    host: str
    resource: str
    share: float
    samples: int
    since: float
    until: float
    message: str


def shortages(reading: HostReading, spec: MachinesSpec) -> dict[str, float]:
    """Return what a host is short of, each with how much, 0 to 1: the share of the time that work waited.

    >>> shortages(HostReading(cpu_pressure=0.6), MachinesSpec())
    {'cpu': 0.6}
    >>> shortages(HostReading(cpu_percent=100.0, load_per_core=1.0, cpu_pressure=0.02), MachinesSpec())
    {}
    """
    found = {}
    waits = [
        reading.cpu_pressure or 0.0,
        reading.throttled or 0.0,
        (reading.steal_percent or 0.0) / 100 if (reading.steal_percent or 0.0) > _STOLEN else 0.0,
    ]
    if reading.cpu_pressure is None and reading.load_per_core > _QUEUE:
        waits.append(1 - 1 / reading.load_per_core)
    steal = (reading.steal_percent or 0.0) > _STOLEN
    if max(waits) >= spec.starved or steal:
        found["cpu"] = round(min(1.0, max(waits)), 4)
    for resource in ("memory", "io"):
        share = getattr(reading, f"{resource}_pressure")
        if share is not None and share >= spec.starved:
            found[resource] = round(min(1.0, share), 4)
    return found


def starvation(
    measurements: MeasurementStore,
    since: float,
    until: float,
    *,
    host: str = "",
    least: float = 0.5,
) -> Starvation | None:
    """Return what a host was short of in a window; None if of nothing, or if nobody watched.

    Args:
        measurements: Where the samples are.
        since: Start of the window, Unix seconds.
        until: Its end.
        host: Which one; this machine unless said.
        least: Share of the samples from which on it counts.
    """
    host = host or platform.node()
    names = [f"short_of_{resource}" for resource in SHORT_OF]
    lines = measurements.series(f"host:{host}", names, since=since)
    found = [
        one
        for resource in SHORT_OF
        if (one := _of(host, resource, lines.get(f"short_of_{resource}", ()), until, least))
    ]
    return max(found, key=lambda one: one.share, default=None)


def _of(
    host: str, resource: str, points: Sequence[Point], until: float, least: float
) -> Starvation | None:
    inside = [point for point in points if point.time <= until]
    if not inside:
        return None
    share = sum(point.value > 0 for point in inside) / len(inside)
    if share < least:
        return None
    first, last = inside[0].time, inside[-1].time
    return Starvation(
        host=host,
        resource=resource,
        share=share,
        samples=len(inside),
        since=first,
        until=last,
        message=f"the host '{host}' was short of {SHORT_OF[resource]} "
        f"in {share:.0%} of {format_duration(max(last - first, 1.0))}",
    )
