"""A connection to a worker of a pool: one request after the other, each answer whole."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httptools

from keepwell.deployment.server.messages import Header, Response

Told = Callable[[Response | None], None]
"""Takes an answer; None if there will be none."""

_OURS = (b"content-length", b"connection", b"keep-alive", b"transfer-encoding")


class LostError(Exception):
    """The worker ended, or its connection did, before the answer was whole."""


class Link(asyncio.Protocol):
    """A connection to one worker. One request at a time."""

    def __init__(self) -> None:
        self.open = False
        self._transport: Any = None
        self._parser = httptools.HttpResponseParser(self)
        self._told: Told | None = None
        self._headers: list[Header] = []
        self._pieces: list[bytes] = []

    @classmethod
    async def to(cls, path: Path) -> "Link":
        """Return a link to the worker that listens at `path`.

        Raises:
            OSError: If nobody does.
        """
        _, link = await asyncio.get_running_loop().create_unix_connection(cls, str(path))
        return link

    async def ask(self, request: bytes) -> Response:
        """Return the answer to a request.

        Raises:
            LostError: If there will be none.
        """
        answer: asyncio.Future[Response | None] = asyncio.get_running_loop().create_future()
        self.send(request, lambda told: None if answer.done() else answer.set_result(told))
        try:
            response = await answer
        except asyncio.CancelledError:
            self.close()  # who asks next must not be given this answer
            raise
        if response is None:
            raise LostError
        return response

    def send(self, request: bytes, told: Told) -> None:
        """Send a request; `told` is called once, with its answer or without one."""
        if not self.open:
            told(None)
            return
        self._told = told
        self._transport.write(request)

    def close(self) -> None:
        """End it; whoever waits for an answer is told."""
        self.open = False
        if self._transport is not None:
            self._transport.abort()
        self._tell(None)

    # The transport's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self.open = transport, True

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        self._tell(None)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()

    # The parser's side.

    def on_message_begin(self) -> None:
        self._headers, self._pieces = [], []

    def on_header(self, name: bytes, value: bytes) -> None:
        if name not in _OURS:
            self._headers.append((name, value))

    def on_body(self, piece: bytes) -> None:
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        if not self._parser.should_keep_alive():
            self.open = False
            self._transport.close()
        status, body = self._parser.get_status_code(), b"".join(self._pieces)
        self._tell(Response(status=status, headers=self._headers, body=body))

    def _tell(self, response: Response | None) -> None:
        told, self._told = self._told, None
        if told is not None:
            told(response)
