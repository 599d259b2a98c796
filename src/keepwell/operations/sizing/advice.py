"""From demand and outlook to a number of workers, with the numbers behind it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from keepwell.core.durations import format_duration
from keepwell.core.records import Resources, Scale
from keepwell.core.spec import CostsSpec
from keepwell.monitoring.costs.prices import MONTH, cost_of
from keepwell.operations.sizing.demand import HOUR, Demand
from keepwell.operations.sizing.outlook import Outlook

ROOM = 0.6
"""Of its processor, that a worker may be busy in a busy minute: beyond, requests begin to wait in turn."""

ENOUGH = HOUR
"""Seconds that must have been watched: less says nothing about a day."""

_MINUTE = 60.0

GENERAL = ""
"""The part of all endpoints that have no workers of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Workers of all endpoints, or of one alone.

    Attributes:
        name: The endpoint; empty for all.
        now: Workers that are wanted now.
        advised: Workers that would do.
        peak: Processors that its busiest minutes of the last day took.
        expected: Processors that the busiest minutes of the coming day are expected to take, at most.
        busy: Share of a worker's processor that those minutes fill with the workers of now.
        then: The same with the workers that are advised.
        requests: A second, over the last day.
        reason: Why, in a sentence.
        by_hour: Workers that would do in each of the next 24 hours.
        start: The first of those hours, since 1970.
    """

    name: str
    now: int
    advised: int
    peak: float
    expected: float
    busy: float
    then: float
    requests: float
    reason: str
    by_hour: tuple[int, ...] = ()
    start: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What sizes would do.

    Attributes:
        parts: Each of the data plane, general workers first.
        cores: Processors that may be used.
        memory: Bytes of a worker, as measured; 0 if none runs.
        before: What the workers of now cost a month while they wait, in the project's currency.
        after: What those that are advised would cost.
        by_hour: What those would cost if they followed the hours.
        currency: Of these.
        priced: A price of memory is stated; without one, costs are 0.
        days: How many days it rests on.
        error: Median distance of earlier forecasts from what came; None if none was possible yet.
        held: Share of earlier hours that stayed below the upper line; None if none was possible.
        notes: What else there is to say, sentences.
    """

    parts: tuple[Part, ...]
    cores: float
    memory: int
    before: float
    after: float
    by_hour: float
    currency: str
    priced: bool
    days: float
    error: float | None
    held: float | None
    notes: tuple[str, ...] = field(default=())

    @property
    def workers(self) -> int | None:
        """General workers that `apply` asks for; None if they stay as they are."""
        part = next(one for one in self.parts if one.name == GENERAL)
        return part.advised if part.advised != part.now else None

    @property
    def pools(self) -> dict[str, int]:
        """Workers of single endpoints that `apply` asks for: those that change."""
        return {
            one.name: one.advised
            for one in self.parts
            if one.name != GENERAL and one.advised != one.now
        }

    @property
    def changes(self) -> bool:
        """Whether anything would change."""
        return self.workers is not None or bool(self.pools)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is known of one part: its demand, what is expected, and since when nobody asks."""

    demand: Demand
    outlook: Outlook
    idle: float | None = None  # seconds since it was asked last, if longer than `costs.idle.after`


def advise(
    watched: Mapping[str, Watched],
    scale: Scale,
    *,
    cores: float,
    memory: int,
    costs: CostsSpec,
) -> Advice:
    """Return which sizes would do.

    Args:
        watched: By endpoint that has workers of its own, and `GENERAL` for all others together.
        scale: Workers that are wanted now.
        cores: Processors that may be used.
        memory: Bytes of a worker.
        costs: Prices.
    """
    parts = [
        _part(name, one, scale.workers if name == GENERAL else scale.pools.get(name, 0), cores)
        for name, one in watched.items()
    ]
    parts.sort(key=lambda one: one.name)
    price = cost_of(Resources(memory_gb_seconds=memory / 1e9 * MONTH), costs).memory
    now, then = (sum(getattr(one, word) for one in parts) for word in ("now", "advised"))
    hourly = sum(sum(one.by_hour) / len(one.by_hour) for one in parts if one.by_hour)
    general = watched[GENERAL]
    return Advice(
        parts=tuple(parts),
        cores=cores,
        memory=memory,
        before=now * price,
        after=then * price,
        by_hour=hourly * price,
        currency=costs.currency,
        priced=costs.prices.memory_gb_hour > 0,
        days=max((one.outlook.days for one in watched.values()), default=0.0),
        error=general.outlook.error,
        held=general.outlook.held,
        notes=tuple(_notes(parts, cores)),
    )


def _part(name: str, one: Watched, now: int, cores: float) -> Part:
    demand, outlook = one.demand, one.outlook
    least = 1 if name == GENERAL else 0
    most = max(1, math.floor(cores))
    known = demand.watched >= ENOUGH
    last_hours = [load for hour, load in demand.hours.items() if hour >= outlook.start - 24]
    burst = _burst(demand, last_hours)
    expected = max(outlook.upper, default=0.0) * burst if known else demand.peak
    wanted = max(needed(expected), 1)
    advised = min(wanted, max(most, 1))
    reason = _reason(demand, expected, advised, now)
    by_hour = tuple(min(max(needed(load * burst), 1), most) for load in outlook.upper)
    if not known:
        advised = now
        reason = (
            f"watched for {format_duration(_whole(demand.watched))} so far: too little to tell"
            if demand.watched >= _MINUTE
            else "nothing is known of its use yet; keepwell up keeps it"
        )
        by_hour = ()
    elif one.idle is not None and name != GENERAL:
        advised, by_hour = least, (0,) * len(by_hour)
        reason = (
            f"nobody has asked for it in {format_duration(_whole(one.idle))}; "
            "general workers answer if somebody does"
        )
    return Part(
        name=name,
        now=now,
        advised=advised,
        peak=demand.peak,
        expected=expected,
        busy=_share(expected, now),
        then=_share(expected, advised),
        requests=demand.requests,
        reason=reason,
        by_hour=by_hour,
        start=outlook.start,
    )


def needed(load: float) -> int:
    """Return the workers that a load of so many processors needs, with room left over.

    >>> needed(0.0), needed(0.6), needed(2.0)
    (0, 1, 4)
    """
    return math.ceil(load / ROOM - 1e-9)


def _burst(demand: Demand, hours: list[float]) -> float:
    """Return how far the busiest minutes of the last day lie above its busiest hour."""
    busiest = max(hours, default=0.0)
    return max(1.0, demand.peak / busiest) if busiest > 0 else 1.0


def _share(load: float, workers: int) -> float:
    return load / workers if workers else 0.0


def _reason(demand: Demand, expected: float, advised: int, now: int) -> str:
    took = (
        f"its busiest minutes took {demand.peak:.2f} processors, and {expected:.2f} are the most to be "
        "expected of the coming day"
    )
    if advised == now:
        return f"{took}: {now} fits"
    direction = "more" if advised > now else "fewer"
    return f"{took}: {direction} do, each at most {_share(expected, advised):.0%} busy"


def _notes(parts: list[Part], cores: float) -> list[str]:
    notes = []
    total = sum(one.expected for one in parts)
    if total > cores * ROOM:
        notes.append(
            f"{total:.1f} processors are expected, and there are {cores:g}: a larger machine, a second one "
            "(keepwell export kubernetes), or a lighter model (keepwell lighten) is needed"
        )
    return notes


def _whole(seconds: float) -> float:
    return float(round(seconds / _MINUTE) * _MINUTE)
