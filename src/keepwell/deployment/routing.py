"""Which version answers which key: by weight, always the same for the same key.

    split = Split("churn", [Route(version=3, weight=95), Route(version=4, weight=5, role="challenger")])
    split.pick("customer 17")   # 0 or 1: the position of the route, the same one every time

Each key falls on a point between 0 and 100. A challenger takes the points from 0 up to its weight, so
when its weight grows it keeps every key it had. The points depend on who the challenger is: the next
trial starts on other keys than the last one.

Three versions or more (A/B/n, bandits) are divided by weighted rendezvous hashing: each version draws an
exponential waiting time from the key, scaled by its weight, and the shortest one answers. When weights
change, keys move only to versions whose share grew against the others'.
"""

import math
from collections.abc import Sequence
from hashlib import blake2b
from itertools import accumulate

from keepwell.core.errors import UsageError
from keepwell.core.records import Route

_POINTS = float(1 << 64)
_WHOLE = 100.0
_PAIR = 2
_SMALLEST = 1e-12
_SLACK = 1e-6  # of adding up fractions


class Split:
    """The shares of an endpoint's routes.

    Args:
        endpoint: Name of the endpoint.
        routes: Its routes; their weights add up to 100.
    """

    def __init__(self, endpoint: str, routes: Sequence[Route]) -> None:
        ordered = sorted(range(len(routes)), key=lambda at: routes[at].role == "champion")
        sharing = [at for at in ordered if routes[at].weight > 0]
        self._positions = sharing or ordered[-1:]
        self._limits = list(accumulate(routes[at].weight for at in self._positions))
        first = routes[self._positions[0]].version if routes else 0
        self._salt = f"{endpoint}/{first}".encode()[:64]
        self._waits = [
            (
                position,
                f"{endpoint}/{routes[position].version}".encode()[-64:],
                routes[position].weight,
            )
            for position in self._positions
        ]

    @property
    def whole(self) -> int | None:
        """Position of the route that answers everything; None if several share."""
        return self._positions[0] if len(self._positions) == 1 else None

    def pick(self, key: str) -> int:
        """Return the position of the route that answers `key`."""
        if len(self._positions) > _PAIR:
            return min((_wait(salt, key, weight), at) for at, salt, weight in self._waits)[1]
        point = _point(self._salt, key)
        for position, limit in zip(self._positions, self._limits, strict=True):
            if point < limit:
                return position
        return self._positions[-1]


def check_weights(endpoint: str, routes: Sequence[Route]) -> None:
    """See that routes divide the traffic of an endpoint.

    Raises:
        UsageError: If weights do not add up to 100, or a version stands there twice.
    """
    shares = ", ".join(f"v{route.version} {route.weight:g}%" for route in routes)
    total = sum(route.weight for route in routes)
    if routes and (abs(total - _WHOLE) > _SLACK or min(route.weight for route in routes) < 0):
        raise UsageError(
            f"the routes of '{endpoint}' do not divide its traffic: {shares}",
            why=f"the weights add up to {total:g}, not to 100",
            now="give each route a share from 0 to 100, together 100",
        )
    if len({route.version for route in routes}) < len(routes):
        raise UsageError(
            f"the routes of '{endpoint}' name a version twice: {shares}",
            why="a version has one share",
            now="add the shares up",
        )


def _wait(salt: bytes, key: str, weight: float) -> float:
    share = (_point(salt, key) + _SMALLEST) / (_WHOLE + 2 * _SMALLEST)
    return -math.log(share) / weight


def _point(salt: bytes, key: str) -> float:
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8, key=salt).digest()
    return int.from_bytes(digest, "big") / _POINTS * _WHOLE
