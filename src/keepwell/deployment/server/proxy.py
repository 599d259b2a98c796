"""Everything that is not a prediction, handed to the control process over a Unix socket.

Bodies stream both ways, so server-sent events arrive as they are sent. If the client hangs up, the
control process sees it; if the control process is away, the client is told when to come back.
"""

import asyncio
import socket
from pathlib import Path
from typing import Any

import httptools

from keepwell.core.errors import UnavailableError
from keepwell.deployment.server.messages import Response, error_response

_PIECE = 64 << 10
_LAST_WORDS = 1.0  # seconds that an answer is given to end when this worker is to stop
_HOP_BY_HOP = {
    b"connection",
    b"expect",  # this worker has said "continue" by itself
    b"keep-alive",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}


class ControlAwayError(Exception):
    """The control process does not take connections."""


class Proxy:
    """Passes requests on.

    Args:
        socket: Where the control process listens.
        closing: Set when this worker is to stop; streams without an end are cut then.
    """

    def __init__(self, socket: Path, closing: asyncio.Event) -> None:
        self._socket = socket
        self._closing = closing

    async def pass_on(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass one request on, and its answer back.

        Raises:
            ControlAwayError: If nobody listens; nothing was sent to the client yet.
        """
        # A plain socket, no transport: a transport that cannot write any more is closed at once, with
        # the answer that says why still unread.
        line = socket.socket(socket.AF_UNIX)
        line.setblocking(False)
        answer = _Answer(send, bodiless=scope["method"] == "HEAD")
        client_left = False
        try:
            await asyncio.get_running_loop().sock_connect(line, str(self._socket))
            client_left = await self._converse(scope, receive, line, answer)
        except (OSError, httptools.HttpParserError) as error:
            if not answer.begun:
                raise ControlAwayError from error
        finally:
            line.close()
        if not (answer.complete or client_left or self._closing.is_set()):
            raise ConnectionResetError("the control process broke off")  # so the client sees it too

    async def _converse(
        self,
        scope: Any,
        receive: Any,
        line: socket.socket,
        answer: "_Answer",
    ) -> bool:
        """Carry the request up and the answer down; return whether the client left before its end."""
        up = asyncio.ensure_future(_upload(scope, receive, line))
        down = asyncio.ensure_future(_download(line, answer))
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait({up, down, closing}, return_when=asyncio.FIRST_COMPLETED)
            if up.done() and not down.done():
                if up.exception() is None:
                    return True
                # It stopped reading: the answer says why.
                await asyncio.wait({down, closing}, return_when=asyncio.FIRST_COMPLETED)
            if not down.done():
                await asyncio.wait({down}, timeout=_LAST_WORDS)
            if down.done():
                down.result()
            return False
        finally:
            for task in (up, down, closing):
                task.cancel()
            await asyncio.gather(up, down, closing, return_exceptions=True)


class _Answer:
    """Turns the control process's HTTP answer into ASGI messages."""

    def __init__(self, send: Any, *, bodiless: bool) -> None:
        self.begun = False
        self.complete = False
        self._bodiless = bodiless
        self._until_close = True
        self._send = send
        self._headers: list[tuple[bytes, bytes]] = []
        self._pieces: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)
        self._head_ready = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() in (b"content-length", b"transfer-encoding"):
            self._until_close = False
        if name.lower() not in _HOP_BY_HOP:
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._head_ready = True
        self.complete = self._bodiless

    def on_body(self, piece: bytes) -> None:
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        self.complete = True

    async def feed(self, data: bytes) -> None:
        """Take bytes of the answer, none at its end, and send on what they hold."""
        if data:
            self._parser.feed_data(data)
        elif self.begun and self._until_close:
            self.complete = True
        else:
            raise ConnectionResetError("the control process hung up")
        if self._head_ready and not self.begun:
            self.begun = True
            status = self._parser.get_status_code()
            await self._send(
                {"type": "http.response.start", "status": status, "headers": self._headers}
            )
        if self._pieces or self.complete:
            body = b"".join(self._pieces)
            self._pieces.clear()
            await self._send(
                {"type": "http.response.body", "body": body, "more_body": not self.complete}
            )


async def _download(line: socket.socket, answer: _Answer) -> None:
    loop = asyncio.get_running_loop()
    while not answer.complete:
        await answer.feed(await loop.sock_recv(line, _PIECE))


async def _upload(scope: Any, receive: Any, line: socket.socket) -> None:
    """Send the request; then wait until the client hangs up."""
    loop = asyncio.get_running_loop()
    chunked = _is_chunked(scope)
    await loop.sock_sendall(line, _head(scope))
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body = message.get("body", b"")
        if body:
            piece = b"%x\r\n%b\r\n" % (len(body), body) if chunked else body
            await loop.sock_sendall(line, piece)
        if not message.get("more_body"):
            break
    if chunked:
        await loop.sock_sendall(line, b"0\r\n\r\n")
    while (await receive())["type"] != "http.disconnect":
        continue


def _head(scope: Any) -> bytes:
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    lines = [b"%b %b HTTP/1.1" % (scope["method"].encode(), target)]
    lines += [
        b"%b: %b" % (name, value) for name, value in scope["headers"] if name not in _HOP_BY_HOP
    ]
    if scope.get("client"):
        lines.append(b"x-forwarded-for: %b" % scope["client"][0].encode())
    if _is_chunked(scope):
        lines.append(b"transfer-encoding: chunked")
    return b"\r\n".join([*lines, b"connection: close", b"", b""])


def _is_chunked(scope: Any) -> bool:
    return any(name == b"transfer-encoding" for name, _ in scope["headers"])


def away() -> Response:
    """Return what tells a client that the control process is away, and when to come back."""
    error = UnavailableError(
        "the console and the REST interface are not answering at present",
        why="the control process is starting or has ended; predictions go on",
        now="try again in a second; if it stays so, run `keepwell up`",
    )
    return error_response(error, [(b"retry-after", b"1")])
