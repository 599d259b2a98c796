"""Endpoints that nobody asks, and what it costs to wait for somebody who does."""

from collections.abc import Mapping
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


def idle_endpoints(
    last: Mapping[str, float | None],
    watched: Mapping[str, float],
    workers: Mapping[str, int],
    memory: Mapping[str, int],
    parked: Mapping[str, int],
    spec: CostsSpec,
    now: float,
) -> list[Idle]:
    """Return the endpoints that are idle, dearest first.

    Args:
        last: When each was asked last.
        watched: Since when each is measured; the others are not judged.
        workers: Workers of its own.
        memory: Bytes that wait for it.
        parked: Workers of its own that were ended for now.
        spec: Prices, and when an endpoint is idle.
        now: Unix seconds.
    """
    found = []
    for name, begun in watched.items():
        since = max(last.get(name) or begun, begun)
        if now - since < spec.idle.after:
            continue
        an_hour = _price(memory.get(name, 0), 3600.0, spec)
        found.append(
            Idle(
                endpoint=name,
                last=last.get(name),
                since=since,
                workers=workers.get(name, 0),
                memory=memory.get(name, 0),
                parked=parked.get(name, 0),
                wasted=_price(memory.get(name, 0), now - since, spec),
                an_hour=an_hour,
            )
        )
    return sorted(found, key=lambda one: (-one.wasted, one.endpoint))


def _price(memory: int, seconds: float, spec: CostsSpec) -> float:
    return cost_of(Resources(memory_gb_seconds=memory / 1e9 * seconds), spec).memory
