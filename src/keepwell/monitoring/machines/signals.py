"""What of a machine is outside its limits, as signals of the kind `resource`.

Signals of a machine name no endpoint: all that it serves is concerned. `column` says which resource: `disk`,
`memory`, `cpu`, `io`, or `worker:N` whose memory grows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from keepwell.core.ports import Point
from keepwell.core.records import Signal
from keepwell.core.spec import MachinesSpec
from keepwell.monitoring.machines.host import HostReading
from keepwell.monitoring.machines.starvation import SHORT_OF, shortages

KIND = "resource"
LASTING = 6
"""Looks in a row that memory or a shortage must last before it is told: half a minute unless said."""

SETTLED_SECONDS = 300.0
GROWTH_SECONDS = 3600.0
_LEAST_POINTS = 20
_LEAST_STRETCH = 900.0
_LEAST_BYTES = 50e6
_STEADY = 0.7  # share of the later halves' points above the earlier ones'


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How a worker's memory grew: from what to what, in how long."""

    before: float
    after: float
    seconds: float

    @property
    def share(self) -> float:
        """How much of what it was came on top, for an hour."""
        return (self.after - self.before) / max(self.before, 1.0) * GROWTH_SECONDS / self.seconds


def resource_signals(
    host: str,
    looks: Sequence[HostReading],
    spec: MachinesSpec,
    *,
    now: float,
    workers: Mapping[str, Growth] | None = None,
) -> tuple[Signal, ...]:
    """Return what is outside its limits, most severe first.

    Args:
        host: The machine.
        looks: The last looks at it, oldest first.
        spec: The limits.
        now: Unix seconds.
        workers: How the memory of each worker grew, by its subject.
    """
    if not looks:
        return ()
    found = [
        *_disk(host, looks[-1], spec, now),
        *_memory(host, looks[-LASTING:], spec, now),
        *_short(host, looks[-LASTING:], spec, now),
        *(_grown(name, one, spec, now) for name, one in (workers or {}).items()),
    ]
    told = [signal for signal in found if signal is not None]
    return tuple(sorted(told, key=lambda signal: -signal.severity))


def growth(points: Sequence[Point], started: float) -> Growth | None:
    """Return how a worker's memory grew within the last hour, if it did so steadily; None otherwise.

    What a worker takes while it loads its models is no growth: the first minutes do not count. Steady means
    that a later point is seldom below an earlier one.

    >>> leak = [Point("memory", 60.0 * i, 1e8 + 2e6 * i) for i in range(60)]
    >>> growth(leak, started=0.0).after / 1e6
    218.0
    >>> growth([Point("memory", 60.0 * i, 1e8 + 5e7 * (i % 2)) for i in range(60)], started=0.0)
    """
    if not points:
        return None
    since = max(points[-1].time - GROWTH_SECONDS, started + SETTLED_SECONDS)
    inside = [point for point in points if point.time >= since]
    if len(inside) < _LEAST_POINTS or inside[-1].time - inside[0].time < _LEAST_STRETCH:
        return None
    half = len(inside) // 2
    pairs = list(zip(inside[:half], inside[-half:], strict=True))
    steady = sum(later.value > earlier.value for earlier, later in pairs) / half
    parts = [inside[len(inside) * at // 4 : len(inside) * (at + 1) // 4] for at in range(4)]
    levels = [sum(point.value for point in part) / len(part) for part in parts]
    climbs = all(after > before for before, after in pairwise(levels))
    before, after = inside[0].value, inside[-1].value
    if steady < _STEADY or not climbs or after - before < _LEAST_BYTES:
        return None
    return Growth(before=before, after=after, seconds=inside[-1].time - inside[0].time)


def _signal(
    what: str, message: str, *, value: float, limit: float, severity: float, now: float
) -> Signal:
    return Signal(
        kind=KIND,
        endpoint="",
        version=0,
        column=what,
        value=value,
        limit=limit,
        severity=min(1.0, max(0.0, severity)),
        message=message,
        since=now,
        until=now,
    )


def _disk(host: str, look: HostReading, spec: MachinesSpec, now: float) -> list[Signal]:
    used = look.disk_percent / 100
    if used < spec.disk:
        return []
    message = f"the disk of '{host}' is {used:.0%} full: {look.disk_free / 1e9:.1f} GB are free"
    severity = 0.5 + 0.5 * (used - spec.disk) / (1 - spec.disk)
    return [_signal("disk", message, value=used, limit=spec.disk, severity=severity, now=now)]


def _memory(
    host: str, looks: Sequence[HostReading], spec: MachinesSpec, now: float
) -> list[Signal]:
    used = [look.memory_percent / 100 for look in looks]
    if len(looks) < LASTING or min(used) < spec.memory:
        return []
    total = looks[-1].memory_total / 1e9
    message = f"the memory of '{host}' is near its limit: {used[-1]:.0%} of {total:.1f} GB"
    severity = 0.5 + 0.5 * (used[-1] - spec.memory) / (1 - spec.memory)
    return [
        _signal("memory", message, value=used[-1], limit=spec.memory, severity=severity, now=now)
    ]


def _short(host: str, looks: Sequence[HostReading], spec: MachinesSpec, now: float) -> list[Signal]:
    if len(looks) < LASTING:
        return []
    each = [shortages(look, spec) for look in looks]
    signals = []
    for resource, name in SHORT_OF.items():
        waited = [one.get(resource, 0.0) for one in each]
        if min(waited) <= 0:
            continue
        share = sum(waited) / len(waited)
        message = f"'{host}' is short of {name}: work waited for it in {share:.0%} of the time"
        if resource == "cpu" and (looks[-1].throttled or 0.0) >= spec.starved:
            message += f"; a quota of {looks[-1].cores:g} processors holds it back"
        signals.append(
            _signal(resource, message, value=share, limit=spec.starved, severity=share, now=now)
        )
    return signals


def _grown(name: str, grown: Growth, spec: MachinesSpec, now: float) -> Signal | None:
    if grown.share < spec.growth:
        return None
    minutes = grown.seconds / 60
    message = (
        f"the memory of {name.replace(':', ' ')} grows: from {grown.before / 1e6:.0f} MB to "
        f"{grown.after / 1e6:.0f} MB in {minutes:.0f} minutes"
    )
    return _signal(name, message, value=grown.share, limit=spec.growth, severity=0.4, now=now)
