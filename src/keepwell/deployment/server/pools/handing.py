"""A general worker's view of the pools: who is in them, who is well, and who has the least to do."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from keepwell.deployment.server.heartbeat import heartbeat_path
from keepwell.deployment.server.messages import Response
from keepwell.deployment.server.pools.files import mark_of, read_roster, roster_path, socket_path
from keepwell.deployment.server.pools.link import Link, LostError, Told
from keepwell.deployment.server.proxy import HOP_BY_HOP

if TYPE_CHECKING:
    from keepwell.deployment.server.plane.exchange import Exchange

AWAY_SECONDS = 0.25
"""Time that a worker which could not be reached is left alone."""

SILENT_SECONDS = 5.0
"""Time without a heartbeat after which a worker counts as stuck; it beats twice a second."""

_KEPT = 64  # connections to a worker that wait for a next request


@dataclass(slots=True, kw_only=True)
class Member:
    """One worker of a pool."""

    path: Path
    beats: Path
    asked: int = 0  # requests that wait for its answer
    away_until: float = 0.0
    links: set[Link] = field(default_factory=set)
    idle: list[Link] = field(default_factory=list)
    beat: tuple[int, int] | None = None
    heard: float = 0.0

    async def ask(self, request: bytes) -> Response:
        """Return its answer.

        Raises:
            OSError: If nobody listens.
            LostError: If it ends before it has answered.
        """
        self.asked += 1
        try:
            while self.idle:
                try:
                    return await self._ask(self.idle.pop(), request)
                except LostError:  # it may have been closed for want of use
                    continue
            link = await Link.to(self.path)
            self.links.add(link)
            return await self._ask(link, request)
        finally:
            self.asked -= 1

    def send(self, request: bytes, told: Told) -> None:
        """Ask it on a connection that waits for a request; there must be one."""
        link = self.idle.pop()
        self.asked += 1

        def answered(response: Response | None) -> None:
            self.asked -= 1
            self._keep(link)
            told(response)

        link.send(request, answered)

    async def _ask(self, link: Link, request: bytes) -> Response:
        try:
            return await link.ask(request)
        finally:
            self._keep(link)

    def _keep(self, link: Link) -> None:
        """Let a connection wait for its next request."""
        if link.open and len(self.idle) < _KEPT:
            self.idle.append(link)
        else:
            link.close()
            self.links.discard(link)

    def listen(self, now: float) -> None:
        """Look at its heartbeat; if it has been silent for too long, expect no answer any more."""
        beat = mark_of(self.beats)
        silent = now - self.heard > SILENT_SECONDS
        if beat != self.beat:
            self.beat, self.heard = beat, now
            if silent:
                self.away_until = now
        elif silent:
            self.away_until = now + SILENT_SECONDS
            self.close()

    def rest(self) -> None:
        """End the connections on which nobody waits for an answer."""
        for link in self.idle:
            link.close()
        self.links.difference_update(self.idle)
        self.idle.clear()

    def close(self) -> None:
        """End all its connections; what waits on them is asked elsewhere."""
        self.idle.clear()
        for link in list(self.links):
            link.close()
        self.links.clear()


class Pools:
    """Hands requests to the workers of their endpoint.

    Args:
        home: The workspace's folder.
        control: Unix socket of the control process: those of the workers are beside it.
        clock: Seconds that only grow.
    """

    def __init__(
        self, home: Path, control: Path, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.members: dict[str, dict[int, Member]] = {}
        self._home, self._control, self._clock = home, control, clock
        self._seen: tuple[int, int] | None = None

    def follow(self) -> None:
        """Look who is in which pool, and who is well."""
        mark = mark_of(roster_path(self._home))
        if mark != self._seen:
            self._seen = mark
            self._take(read_roster(self._home))
        now = self._clock()
        for members in self.members.values():
            for member in members.values():
                member.listen(now)

    def hand(self, exchange: "Exchange", body: bytes, told: Told) -> bool:
        """Hand a request on at once, where a connection waits for one; tell whether it was.

        `told` is called with the answer, or with None: then `ask` may still find somebody.
        """
        members = self.members.get(exchange.name)
        if not members or exchange.method != "POST":
            return False
        least = min(members.values(), key=_asked)
        if not least.idle or least.away_until > self._clock():
            return False
        least.send(request_bytes(exchange, body), told)
        return True

    async def ask(self, exchange: "Exchange", body: bytes) -> Response | None:
        """Return the answer of a pool to a request for predictions; None if it is for us to answer."""
        members = self.members.get(exchange.name)
        if not members or exchange.method != "POST":
            return None
        request = b""
        for member in sorted(members.values(), key=_asked):
            if member.away_until > self._clock():
                continue
            request = request or request_bytes(exchange, body)
            try:
                return await member.ask(request)
            except (OSError, LostError):
                member.away_until = self._clock() + AWAY_SECONDS
        return None

    def close(self) -> None:
        """End all connections."""
        for members in self.members.values():
            for member in members.values():
                member.close()

    def _take(self, roster: dict[str, list[int]]) -> None:
        before = {index: one for members in self.members.values() for index, one in members.items()}
        fresh: dict[str, dict[int, Member]] = {}
        for name, indexes in roster.items():
            known = self.members.get(name, {})
            fresh[name] = {index: known.get(index) or self._member(index) for index in indexes}
        kept = {id(one) for members in fresh.values() for one in members.values()}
        for member in before.values():
            if id(member) not in kept:  # what it was asked it still answers, then it hangs up
                member.rest()
        self.members.clear()  # others look at this very mapping
        self.members.update({name: members for name, members in fresh.items() if members})

    def _member(self, index: int) -> Member:
        return Member(
            path=socket_path(self._control, index),
            beats=heartbeat_path(self._home, index),
            heard=self._clock(),
        )


def _asked(member: Member) -> int:
    return member.asked


def request_bytes(exchange: "Exchange", body: bytes) -> bytes:
    """Return a request that came whole, as it is sent on."""
    headers = [
        header
        for header in exchange.headers
        if header[0] not in HOP_BY_HOP and header[0] != b"content-length"
    ]
    if not exchange.header(b"host"):  # HTTP/1.0
        headers.append((b"host", b"localhost"))
    if exchange.client:
        headers.append((b"x-forwarded-for", exchange.client.encode()))
    return b"".join(
        [
            b"%b %b HTTP/1.1\r\n" % (exchange.method.encode(), exchange.target),
            *(b"%b: %b\r\n" % header for header in headers),
            b"content-length: %d\r\n\r\n" % len(body),
            body,
        ]
    )
