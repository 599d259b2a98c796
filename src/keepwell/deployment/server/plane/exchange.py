"""One request on a connection, and its answer."""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote

import httptools

from keepwell.core.errors import KeepwellError
from keepwell.deployment.server.messages import Header, Request, Response
from keepwell.deployment.server.plane.limits import DRAINED, MAX_HELD
from keepwell.deployment.server.plane.wire import (
    LAST_CHUNK,
    chunk_of,
    connection_header,
    has_no_body,
    head_of,
)
from keepwell.deployment.server.requests import ClientGoneError, body_too_large

if TYPE_CHECKING:
    from keepwell.deployment.server.doors import Door


class Line(Protocol):
    """What an exchange needs of its connection."""

    client: str
    server: str
    lost: bool

    @property
    def largest_body(self) -> int:
        """Bytes that a request for a door may have."""
        ...

    def write(self, data: bytes) -> None: ...
    def cut(self) -> None: ...
    def taken(self) -> None:
        """Say that a piece of the body was taken."""
        ...

    async def drain(self) -> None:
        """Wait until the client has taken most of what it was sent."""
        ...


class Exchange:
    """A request as it comes in; and the way back.

    A request for a door is kept until it is whole. The body of any other is read piece by piece.

    Args:
        line: The connection.
        method: `POST`.
        target: As it stands in the first line.
        headers: Names in small letters.
        keep_alive: Whether the client wants to go on after the answer.
        old: The client speaks HTTP/1.0.
    """

    __slots__ = (
        "_chunked", "_held", "_line", "_pieces", "_size", "_wake", "begun", "continues", "door", "ended",
        "headers", "keep_alive", "method", "name", "old", "refusal", "target", "whole",
    )  # fmt: skip

    def __init__(
        self,
        line: Line,
        method: str,
        target: bytes,
        headers: list[Header],
        *,
        keep_alive: bool,
        old: bool,
    ) -> None:
        self._line = line
        self.method, self.headers = method, headers
        self.target = _origin_form(target)
        self.keep_alive, self.old = keep_alive, old
        self.door: Door | None = None
        self.name = ""
        self.refusal: KeepwellError | None = None
        self.continues = False  # the client waits for our word before it sends the body
        self.whole = self.begun = self.ended = False
        self._chunked = False
        self._pieces: deque[bytes] = deque()
        self._size = self._held = 0
        self._wake = asyncio.Event()

    @property
    def path(self) -> str:
        """The path, percent-encoding undone."""
        return unquote(self.target.partition(b"?")[0].decode("latin-1"))

    @property
    def client(self) -> str:
        return self._line.client

    def header(self, name: bytes) -> bytes:
        """Return the last header of a name; empty if there is none."""
        return next((value for key, value in reversed(self.headers) if key == name), b"")

    def request(self) -> Request:
        """Return the request of a door, once it is whole."""
        return Request(
            method=self.method,
            path=self.path,
            headers=dict(self.headers),
            body=b"".join(self._pieces) if len(self._pieces) != 1 else self._pieces[0],
            query=self.target.partition(b"?")[2],
            client=self._line.client,
            server=self._line.server,
        )

    def expect(self) -> bool:
        """Note how long the body will be; tell whether to ask for it, if the client waits for that."""
        declared = self.header(b"content-length")
        if self.door is not None and declared.isdigit() and int(declared) > self._line.largest_body:
            if self.continues:
                self.refusal = body_too_large(int(declared), self._line.largest_body)
                self.keep_alive = False
            return False
        return self.continues

    def feed(self, piece: bytes) -> None:
        """Take a piece of the body."""
        self._size += len(piece)
        if self.ended:  # it was answered before it was whole
            if self._size > DRAINED:
                self._line.cut()
        elif self.door is None:
            self._pieces.append(piece)
            self._held += len(piece)
            self._wake.set()
        elif self._size <= self._line.largest_body:
            self._pieces.append(piece)
        else:
            self._pieces.clear()
            if self._size > DRAINED:
                self.finish()
                self.keep_alive = False

    def finish(self) -> None:
        """Take note that the body is whole."""
        self.whole = True
        self._wake.set()
        if self.door is not None and self._size > self._line.largest_body and self.refusal is None:
            self.refusal = body_too_large(self._size, self._line.largest_body)

    def leave(self) -> None:
        """Take note that the client left."""
        self._wake.set()

    @property
    def full(self) -> bool:
        """Whether as much of the body waits as may."""
        return self._held > MAX_HELD and not self.ended

    async def read(self) -> bytes:
        """Return the next piece of the body, none at its end.

        Raises:
            ClientGoneError: If the client leaves first.
        """
        while not self._pieces:
            if self.whole:
                return b""
            await self._wait()
        piece = self._pieces.popleft()
        self._held -= len(piece)
        self._line.taken()
        return piece

    async def left(self) -> None:
        """Wait until the client leaves."""
        while not self._line.lost:
            self._wake.clear()
            await self._wake.wait()

    async def _wait(self) -> None:
        if self._line.lost:
            raise ClientGoneError
        self._wake.clear()
        await self._wake.wait()

    def answer(self, response: Response) -> None:
        """Send a whole answer."""
        headers = [
            *response.headers,
            (b"content-length", b"%d" % len(response.body)),
            *connection_header(self.keep_alive, self.old),
        ]
        head = head_of(response.status, headers)
        bodiless = has_no_body(self.method, response.status)
        self.begun = self.ended = True
        self._line.write(head if bodiless else head + response.body)

    def answer_ready(self, head: bytes, body: bytes) -> None:
        """Send an answer that only lacks the word about the connection."""
        self.begun = self.ended = True
        last = b"".join(b"%b: %b\r\n" % one for one in connection_header(self.keep_alive, self.old))
        self._line.write(b"%b%b\r\n%b" % (head, last, body))

    def begin(self, status: int, headers: list[Header]) -> None:
        """Send the head of an answer whose body follows."""
        own = list(headers)
        told = any(name == b"content-length" for name, _ in headers)
        if not told and not has_no_body(self.method, status):
            if self.old:
                self.keep_alive = False  # its end is where the connection ends
            else:
                self._chunked = True
                own.append((b"transfer-encoding", b"chunked"))
        own += connection_header(self.keep_alive, self.old)
        self.begun = True
        self._line.write(head_of(status, own))

    async def send(self, data: bytes) -> None:
        """Send a piece of the answer's body, as fast as the client takes it."""
        if data and self.method != "HEAD":
            self._line.write(chunk_of(data) if self._chunked else data)
            await self._line.drain()

    def end(self) -> None:
        """Say that the answer is whole."""
        self.ended = True
        self._line.taken()
        if self._chunked and self.method != "HEAD":
            self._line.write(LAST_CHUNK)


def _origin_form(target: bytes) -> bytes:
    """Return `/path?query` of a target that names a host as well, as proxies send it."""
    if target[:1] == b"/" or b"://" not in target:
        return target
    try:
        url = httptools.parse_url(target)
    except httptools.HttpParserInvalidURLError:
        return target
    query = b"?" + url.query if url.query else b""
    return (url.path or b"/") + query
