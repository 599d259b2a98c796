"""All endpoints' short ways, and the one write by which a turn's answers are logged."""

import asyncio
from collections.abc import Container
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from keepwell.core.errors import StorageError
from keepwell.core.identifiers import new_id
from keepwell.deployment.server.hot.lane import Lane, Ready
from keepwell.deployment.server.prediction import Predictor
from keepwell.deployment.server.snapshot import Snapshot

if TYPE_CHECKING:
    from keepwell.deployment.server.plane.exchange import Exchange

MOST_TOGETHER = 64  # requests that wait for one another at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the headers of a usual request say.

    Attributes:
        endpoint: Who is asked.
        request: The id that the client gave it; empty if none.
        trace: The trace that it is part of; empty if none.
        parent: The step of it that the request is part of; empty if none.
    """

    endpoint: str
    request: str = ""
    trace: str = ""
    parent: str = ""


class Waiter(Protocol):
    """Who waits for an answer."""

    def hot_answer(self, exchange: "Exchange | None", ready: Ready) -> None:
        """Send it."""
        ...

    def long_way(self, exchange: "Exchange | None", body: bytes) -> None:
        """Have the request answered by its door after all."""
        ...


class HotPath:
    """Takes the usual requests.

    Args:
        predictor: Whose snapshot, log and counters these are.
        handed: Endpoints whose requests go to workers of their own, as they are at any time.
    """

    def __init__(self, predictor: Predictor, handed: Container[str] = ()) -> None:
        self._handed = handed
        self.together = 1  # no more wait for one another than there are clients
        self._predictor = predictor
        self._snapshot: Snapshot | None = None
        self._lanes: dict[str, Lane | None] = {}
        self._pending: list[tuple[Waiter, Exchange | None, bytes, Ready]] = []

    def take(self, waiter: Waiter, exchange: "Exchange | None", asked: Asked, body: bytes) -> bool:
        """Answer a request at the end of this turn of the event loop; tell whether it will be."""
        snapshot = self._predictor.snapshot
        if snapshot is not self._snapshot:
            self._snapshot = snapshot
            self._lanes = {}
        name = asked.endpoint
        if name in self._handed:
            return False
        try:
            lane = self._lanes[name]
        except KeyError:
            lane = self._lanes[name] = self._lane(snapshot, name)
        if lane is None:
            return False
        ready = lane.take(asked.request or new_id(), asked.trace, body, asked.parent)
        if ready is None:
            return False
        pending = self._pending
        pending.append((waiter, exchange, body, ready))
        if len(pending) >= self.together:
            self.flush()
        elif len(pending) == 1:
            asyncio.get_running_loop().call_soon(self.flush)
        return True

    def flush(self) -> None:
        """Log what waits, all at once, then answer it."""
        pending, self._pending = self._pending, []
        if not pending:
            return
        try:
            self._predictor.append([frame for *_, ready in pending for frame in ready.frames])
        except StorageError:  # each by itself: some may still fit, or may go unlogged
            for waiter, exchange, body, _ in pending:
                waiter.long_way(exchange, body)
            return
        answered = self._predictor.counters.answered
        for waiter, exchange, _, ready in pending:
            lane = ready.lane
            answered(lane.endpoint.name, lane.route.version, len(ready.frames), ready.milliseconds)
            waiter.hot_answer(exchange, ready)

    @staticmethod
    def _lane(snapshot: Snapshot, name: str) -> Lane | None:
        endpoint = snapshot.endpoints.get(name)
        whole = snapshot.log.whole and snapshot.access.idle
        if endpoint is None or not whole:
            return None
        most = snapshot.limits.rows
        return Lane.of(endpoint, min(most, endpoint.most_rows or most))
