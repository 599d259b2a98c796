"""Endpoints that nobody asks, and what it costs to wait for somebody who does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from keepwell.core.records import Resources
from keepwell.core.spec import CostsSpec
from keepwell.monitoring.costs.prices import cost_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """An endpoint that was not asked for long.

    Attributes:
        endpoint: Its name.
        last: When it was asked last; None if never since it is measured.
        since: From when on it waits: then, or since it is measured.
        workers: Workers of its own that wait.
        memory: Bytes that those hold; of an endpoint without its own, its part of the general ones.
        parked: Workers of its own that were ended until it is asked again.
        wasted: What the waiting cost so far, in the project's currency.
        an_hour: What another hour costs.
    """

    endpoint: str
    last: float | None
    since: float
    workers: int
    memory: int
    parked: int
    wasted: float
    an_hour: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits for an endpoint to be asked.

    Attributes:
        last: When it was asked last; None if never.
        begun: Since when it is measured.
        workers: Workers of its own.
        memory: Bytes that wait for it.
        parked: Workers of its own that were ended for now.
    """

    last: float | None
    begun: float
    workers: int = 0
    memory: int = 0
    parked: int = 0


def idle_endpoints(
    waiting: Mapping[str, Waiting],
    wasted: Callable[[str, float], float],
    spec: CostsSpec,
    now: float,
) -> list[Idle]:
    """Return the endpoints that are idle, dearest first.

    Args:
        waiting: Each endpoint that is measured.
        wasted: Tells what one has cost since a time.
        spec: Prices, and when an endpoint is idle.
        now: Unix seconds.
    """
    found = []
    for name, one in waiting.items():
        since = max(one.last or one.begun, one.begun)
        if now - since < spec.idle.after:
            continue
        found.append(
            Idle(
                endpoint=name,
                last=one.last,
                since=since,
                workers=one.workers,
                memory=one.memory,
                parked=one.parked,
                wasted=wasted(name, since),
                an_hour=_price(one.memory, 3600.0, spec),
            )
        )
    return sorted(found, key=lambda one: (-one.wasted, one.endpoint))


def _price(memory: int, seconds: float, spec: CostsSpec) -> float:
    return cost_of(Resources(memory_gb_seconds=memory / 1e9 * seconds), spec).memory
