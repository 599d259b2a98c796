"""How many workers are wanted, and how many answer."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from keepwell.core.records import Scale

if TYPE_CHECKING:
    from keepwell.deployment.server import WorkerState

_LOOK_EVERY = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many workers are wanted, and how many answer."""

    wanted: int
    answering: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One worker."""

    index: int
    pid: int
    endpoint: str  # that it answers alone; empty for all
    in_flight: int
    memory_bytes: int
    models: int
    draining: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """The workers of a workspace.

    Attributes:
        workers: Those that answer for every endpoint.
        pools: Those that answer for one endpoint alone.
        processes: Each of them, those that are about to end included.
    """

    workers: Count
    pools: dict[str, Count] = field(default_factory=dict)
    processes: tuple[Process, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether there are as many as are wanted, and none that is still to end."""
        counts = (self.workers, *self.pools.values())
        return all(one.wanted == one.answering for one in counts) and not any(
            one.draining for one in self.processes
        )


def capacity_of(scale: Scale, states: "Sequence[WorkerState]") -> Capacity:
    """Return what is wanted beside what the living workers say."""
    answering: dict[str, int] = {}
    for state in states:
        if not state.draining:
            answering[state.pool] = answering.get(state.pool, 0) + 1
    pools = sorted({*scale.pools, *answering} - {""})
    return Capacity(
        workers=Count(wanted=scale.workers, answering=answering.get("", 0)),
        pools={
            name: Count(wanted=scale.pools.get(name, 0), answering=answering.get(name, 0))
            for name in pools
        },
        processes=tuple(
            Process(
                index=state.index,
                pid=state.pid,
                endpoint=state.pool,
                in_flight=state.in_flight,
                memory_bytes=state.rss,
                models=state.models.loaded,
                draining=state.draining,
            )
            for state in states
        ),
    )


def present(scale: Scale, home: Path) -> Capacity:
    """Return the workers of a workspace as they are now."""
    from keepwell.deployment.server.supervisor import living

    return capacity_of(scale, living(home))


def await_settled(look: Callable[[], Capacity], seconds: float) -> Capacity:
    """Wait until as many workers answer as are wanted, or the time is over; return how it is then."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found.settled or time.monotonic() > end:
            return found
        time.sleep(_LOOK_EVERY)
