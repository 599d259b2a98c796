"""Everything that is not a prediction, handed to the control process over a Unix socket.

Bodies stream both ways, so server-sent events arrive as they are sent. If the client hangs up, the
control process sees it; if the control process is away, the client is told when to come back.
"""

import asyncio
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import httptools

from keepwell.core.errors import UnavailableError
from keepwell.deployment.server.messages import Header, Response, error_response
from keepwell.deployment.server.requests import ClientGoneError

if TYPE_CHECKING:
    from keepwell.deployment.server.plane.exchange import Exchange

_PIECE = 64 << 10
_LAST_WORDS = 1.0  # seconds that an answer is given to end when this worker is to stop
HOP_BY_HOP = {
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

    async def pass_on(self, exchange: "Exchange") -> None:
        """Pass one request on, and its answer back.

        The exchange has not ended if the client left, or a stop of this worker cut the answer off.

        Raises:
            ControlAwayError: If nobody listens; nothing was sent to the client yet.
            ConnectionResetError: If the control process breaks off in the middle of its answer.
        """
        # A plain socket, no transport: a transport that cannot write any more is closed at once, with
        # the answer that says why still unread.
        line = socket.socket(socket.AF_UNIX)
        line.setblocking(False)
        answer = _Answer(exchange)
        client_left = False
        try:
            await asyncio.get_running_loop().sock_connect(line, str(self._socket))
            client_left = await self._converse(exchange, line, answer)
        except (OSError, httptools.HttpParserError) as error:
            if not exchange.begun:
                raise ControlAwayError from error
        finally:
            line.close()
        if not (exchange.ended or client_left or self._closing.is_set()):
            raise ConnectionResetError("the control process broke off")  # so the client sees it too

    async def _converse(self, exchange: "Exchange", line: socket.socket, answer: "_Answer") -> bool:
        """Carry the request up and the answer down; return whether the client left before its end."""
        up = asyncio.ensure_future(_upload(exchange, line))
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
    """Turns the control process's HTTP answer into the exchange's."""

    def __init__(self, exchange: "Exchange") -> None:
        self._exchange = exchange
        self.complete = False
        self._until_close = True
        self._headers: list[Header] = []
        self._pieces: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)
        self._head_ready = False

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name in (b"content-length", b"transfer-encoding"):
            self._until_close = False
        if name not in HOP_BY_HOP and not self._head_ready:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._head_ready = True
        self.complete = self._exchange.method == "HEAD"

    def on_body(self, piece: bytes) -> None:
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        self.complete = True

    async def feed(self, data: bytes) -> None:
        """Take bytes of the answer, none at its end, and send on what they hold."""
        exchange = self._exchange
        if data:
            self._parser.feed_data(data)
        elif exchange.begun and self._until_close:
            self.complete = True
        else:
            raise ConnectionResetError("the control process hung up")
        if self._head_ready and not exchange.begun:
            exchange.begin(self._parser.get_status_code(), self._headers)
        if self._pieces:
            body = b"".join(self._pieces)
            self._pieces.clear()
            await exchange.send(body)
        if self.complete:
            exchange.end()


async def _download(line: socket.socket, answer: _Answer) -> None:
    loop = asyncio.get_running_loop()
    while not answer.complete:
        await answer.feed(await loop.sock_recv(line, _PIECE))


async def _upload(exchange: "Exchange", line: socket.socket) -> None:
    """Send the request; then wait until the client hangs up."""
    loop = asyncio.get_running_loop()
    chunked = bool(exchange.header(b"transfer-encoding"))
    await loop.sock_sendall(line, _head(exchange, chunked))
    try:
        while body := await exchange.read():
            await loop.sock_sendall(line, b"%x\r\n%b\r\n" % (len(body), body) if chunked else body)
        if chunked:
            await loop.sock_sendall(line, b"0\r\n\r\n")
        await exchange.left()
    except ClientGoneError:
        return


def _head(exchange: "Exchange", chunked: bool) -> bytes:
    lines = [b"%b %b HTTP/1.1" % (exchange.method.encode(), exchange.target)]
    lines += [
        b"%b: %b" % (name, value) for name, value in exchange.headers if name not in HOP_BY_HOP
    ]
    if exchange.client:
        lines.append(b"x-forwarded-for: %b" % exchange.client.encode())
    if chunked:
        lines.append(b"transfer-encoding: chunked")
    return b"\r\n".join([*lines, b"connection: close", b"", b""])


def away() -> Response:
    """Return what tells a client that the control process is away, and when to come back."""
    error = UnavailableError(
        "the console and the REST interface are not answering at present",
        why="the control process is starting or has ended; predictions go on",
        now="try again in a second; if it stays so, run `keepwell up`",
    )
    return error_response(error, [(b"retry-after", b"1")])
