"""Who sits where: the places of the workers, and how they follow a wish."""

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass

from keepwell.deployment.server.pools.files import Wish

GATEWAY = -1
"""Index of the gRPC gateway's place."""


@dataclass(slots=True)
class Place:
    """One process's place: who is in it, and how often that went wrong.

    Attributes:
        index: Names the worker; no two have the same.
        pool: The endpoint that it answers alone; empty for all of them.
        process: Who is in it.
        started: When they came.
        crashes: How many went one after the other.
        due: When the next may come; once it is left, when who is in it must be gone.
    """

    index: int
    pool: str = ""
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    crashes: int = 0
    due: float = 0.0

    @property
    def who(self) -> str:
        """What to call it."""
        if self.index == GATEWAY:
            return "the gRPC gateway"
        return f"worker {self.index}" + (f" of {self.pool}" if self.pool else "")


def rearranged(
    places: Iterable[Place], wish: Wish, taken: Iterable[int] = ()
) -> tuple[list[Place], list[Place]]:
    """Return the places that a wish asks for, and those that are to be left.

    Who has a place keeps it as long as there are to be so many; the highest numbers go first.

    Args:
        places: Those that there are.
        wish: How many there are to be.
        taken: Indexes that others still have.

    >>> stay, go = rearranged([Place(0), Place(1)], Wish(workers=1, pools={"churn": 1}), taken=[2])
    >>> [(place.index, place.pool) for place in stay], [place.index for place in go]
    ([(0, ''), (3, 'churn')], [1])
    """
    places = list(places)
    stay = [place for place in places if place.index == GATEWAY]
    go: list[Place] = []
    used = {place.index for place in places} | set(taken)
    free = (index for index in range(len(used) + wish.total) if index not in used)
    pools = {"": wish.workers, **wish.pools}
    for pool in sorted({place.pool for place in places} - pools.keys()):
        pools[pool] = 0
    for pool, count in pools.items():
        own = sorted(
            (one for one in places if one.pool == pool and one.index != GATEWAY),
            key=lambda one: one.index,
        )
        stay += own[:count]
        go += own[count:]
        stay += [Place(next(free), pool) for _ in range(count - len(own))]
    return stay, go


def roster_of(places: Iterable[Place]) -> dict[str, list[int]]:
    """Return the indexes of each pool's workers."""
    roster: dict[str, list[int]] = {}
    for place in places:
        if place.pool:
            roster.setdefault(place.pool, []).append(place.index)
    return roster
