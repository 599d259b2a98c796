"""A connection to a worker of a pool: one request after the other, each answer whole."""

import asyncio
from pathlib import Path
from typing import Any

import httptools

from keepwell.deployment.server.messages import Header, Response

_OURS = (b"content-length", b"connection", b"keep-alive", b"transfer-encoding")


class LostError(Exception):
    """The worker ended, or its connection did, before the answer was whole."""


class Link(asyncio.Protocol):
    """A connection to one worker. One request at a time."""

    def __init__(self) -> None:
        self.open = False
        self._transport: Any = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Response] | None = None
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
        if not self.open:
            raise LostError
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await self._answer
        finally:
            if not self._answer.done() or self._answer.cancelled():
                self.close()  # who asks next must not be given this answer
            self._answer = None

    def close(self) -> None:
        """End it; whoever waits for an answer is told."""
        self.open = False
        if self._transport is not None:
            self._transport.abort()
        self._lose()

    # The transport's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self.open = transport, True

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        self._lose()

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
        if self._answer is not None and not self._answer.done():
            status = self._parser.get_status_code()
            self._answer.set_result(
                Response(status=status, headers=self._headers, body=b"".join(self._pieces))
            )

    def _lose(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(LostError())
