"""One client's connection: bytes in, exchanges in order, bytes out."""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

import httptools

from keepwell.core.errors import KeepwellError
from keepwell.deployment.server.hot.lane import Ready
from keepwell.deployment.server.hot.path import Asked
from keepwell.deployment.server.messages import Header
from keepwell.deployment.server.plane.exchange import Exchange
from keepwell.deployment.server.plane.familiar import Familiar
from keepwell.deployment.server.plane.limits import (
    MAX_HEAD,
    MAX_WAITING,
    ExpectationError,
    MalformedError,
    VersionError,
    head_too_large,
    too_slow,
)
from keepwell.deployment.server.plane.wire import CONTINUE

if TYPE_CHECKING:
    from keepwell.deployment.server.plane.serving import Plane

_OLD = "1.0"
_VERSIONS = ("1.0", "1.1")

# Why a connection is not read at present.
_WAITING, _UNTAKEN, _UNREAD = 1, 2, 4


class Connection(asyncio.Protocol):
    """Parses requests and has them answered one after the other.

    After a refusal for what the bytes are (malformed, too long, too slow) nothing more is understood:
    the connection is *deaf*. It drops what comes for a moment, so that the refusal is read.

    Args:
        plane: Whose connection it is.
    """

    def __init__(self, plane: "Plane") -> None:
        self.client = self.server = ""
        self.lost = False
        self._plane = plane
        self._transport: Any = None
        self._parser = httptools.HttpRequestParser(self)
        self._queue: deque[Exchange] = deque()
        self._incoming: Exchange | None = None
        self._active: Exchange | None = None
        self._url, self._headers = b"", list[Header]()
        self._in_head = self._upgrade = self._deaf = False
        self._size = 0  # of the head
        self._silent = 0  # bytes that the parser took without a word
        self._holds = self._unsent = 0
        self._pending = False  # an answer is on its short way
        self._familiar: Familiar | None = None
        self._usual: tuple[Exchange, Asked] | None = None
        self._ended = False  # the client sends no more
        self._since = self._heard = plane.now
        self._writable = asyncio.Event()
        self._writable.set()

    @property
    def largest_body(self) -> int:
        return self._plane.application.predictor.snapshot.limits.body

    # The transport's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.client = _address(transport.get_extra_info("peername"))
        self.server = _address(transport.get_extra_info("sockname"))
        self._plane.came(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self._plane.went(self)
        self._writable.set()
        for exchange in self._queue:
            exchange.leave()

    def eof_received(self) -> bool:
        """Stay while a request that came whole is answered here; a reader of a stream has left."""
        if self._pending:
            self._plane.hot.flush()
        answering = bool(self._queue) and all(one.door and one.whole for one in self._queue)
        self._deaf = self._ended = True
        if answering:
            self._queue[-1].keep_alive = False
        return answering

    def pause_writing(self) -> None:
        self._writable.clear()
        self._hold(_UNREAD)

    def resume_writing(self) -> None:
        self._writable.set()
        self._release(_UNREAD)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if self._pending:
            self._plane.hot.flush()
        between = not self._in_head and self._incoming is None
        if between and self._familiar is not None and not self._queue:
            body = self._familiar.body(data)
            if body is not None and len(body) <= self.largest_body:
                self._answer_familiar(body)
                return
        self._usual = None
        self._feed(data)
        if between and self._usual is not None and not (self._in_head or self._incoming):
            self._familiar = Familiar.of(data, *self._usual)

    def _feed(self, data: bytes) -> None:
        """Parse what came, and let the first exchange go on."""
        self._heard = self._plane.now
        self._silent += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as stop:
            self._ignore_upgrade(data[stop.args[0] :])
        except httptools.HttpParserError as error:
            if not (self._queue and not self._queue[-1].keep_alive):  # what follows a last request
                self._refuse(MalformedError.of(str(error)))
        else:
            too_long = self._silent > MAX_HEAD or (self._in_head and self._size > MAX_HEAD)
            if too_long and not self._deaf:
                self._refuse(head_too_large())
        self._advance()

    def _answer_familiar(self, body: bytes) -> None:
        """Answer a request whose headers, its length aside, are those of an earlier one."""
        familiar = self._familiar
        self._pending = True
        if familiar is not None and not self._plane.hot.take(self, None, familiar.asked, body):
            self.long_way(None, body)

    # The short way's side.

    def remember(self, exchange: Exchange, asked: Asked) -> None:
        """Keep what a usual request looked like: most that follow it will look the same."""
        if exchange.keep_alive and not exchange.old and not exchange.continues:
            self._usual = exchange, asked

    def hot_answer(self, exchange: Exchange | None, ready: Ready) -> None:
        if exchange is not None:
            exchange.keep_alive = exchange.keep_alive and not self._plane.closing
            exchange.answer_ready(ready.head, ready.body)
            self.done(exchange)
            self.resume()
            return
        self._pending = False
        self._since = self._plane.now
        if self._plane.closing:
            self.write(b"%bconnection: close\r\n\r\n%b" % (ready.head, ready.body))
            self._close()
        elif not self.lost:
            self._transport.write(b"%b\r\n%b" % (ready.head, ready.body))

    def long_way(self, exchange: Exchange | None, body: bytes) -> None:
        if exchange is None and self._familiar is not None:
            self._pending = False
            exchange = self._familiar.exchange(self, body)
            self._queue.append(exchange)
            self._active = exchange
        if exchange is not None and not self.lost:
            self._plane.answer_long(self, exchange)

    # The parser's side.

    def on_message_begin(self) -> None:
        self._url, self._headers, self._size = b"", [], 0
        self._in_head, self._silent = not self._deaf, 0
        self._since = self._plane.now

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._size += len(url)

    def on_header(self, name: bytes, value: bytes | None) -> None:
        self._silent = 0
        if self._in_head:  # else it is a trailer, which nobody asked for
            value = value or b""
            self._size += len(name) + len(value) + 4
            if self._size <= MAX_HEAD:
                self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._in_head, self._silent = False, 0
        self._upgrade = self._parser.should_upgrade()
        if self._upgrade or self._deaf:
            return
        version = self._parser.get_http_version()
        exchange = Exchange(
            self,
            self._parser.get_method().decode("latin-1"),
            self._url,
            self._headers,
            keep_alive=self._parser.should_keep_alive(),
            old=version == _OLD,
        )
        found = self._plane.application.door(exchange.path)
        if found is not None:
            exchange.door, exchange.name = found
        refusal = self._fault(exchange, version)
        if refusal is not None:
            self._refuse(refusal)
            return
        self._incoming = exchange
        self._queue.append(exchange)

    def on_body(self, piece: bytes) -> None:
        self._silent = 0
        if self._incoming is not None:
            self._incoming.feed(piece)
            if self._incoming.full:
                self._hold(_UNTAKEN)

    def on_message_complete(self) -> None:
        self._silent = 0
        if self._incoming is not None:
            self._incoming.finish()
            self._incoming = None
            if len(self._queue) >= MAX_WAITING and not self._deaf:
                self._hold(_WAITING)

    def _fault(self, exchange: Exchange, version: str) -> KeepwellError | None:
        """Return why a request is refused before its body came."""
        if self._size > MAX_HEAD:
            return head_too_large()
        if version not in _VERSIONS:
            return VersionError(
                f"HTTP/{version} is not spoken here",
                why="HTTP/1.1 is",
                now="send the request as HTTP/1.1",
            )
        if not exchange.old and [name for name, _ in self._headers].count(b"host") != 1:
            return MalformedError.of("a request has one Host header")
        wish = exchange.header(b"expect").lower()
        if wish and not exchange.old:
            if wish != b"100-continue":
                return ExpectationError(
                    "only 100-continue can be expected", why=f"not {wish!r:.80}"
                )
            exchange.continues = True
        return None

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Parse a request that asks for another protocol again, without that wish."""
        if self._parser.get_method() == b"CONNECT":
            self._refuse(MalformedError.of("this is no proxy"))
            return
        wished = (b"upgrade", b"http2-settings", b"connection")
        lines = [b"%b: %b" % header for header in self._headers if header[0] not in wished]
        version = self._parser.get_http_version().encode()
        first = b"%b %b HTTP/%b" % (self._parser.get_method(), self._url, version)
        self._parser = httptools.HttpRequestParser(self)
        self._feed(b"\r\n".join([first, *lines, b"", b""]) + rest)

    # The order of answers.

    def _advance(self) -> None:
        """Let the first exchange of the queue go on, if it can."""
        while self._queue and not self._transport.is_closing():
            exchange = self._queue[0]
            if self._active is not exchange:
                self._active = exchange
                if exchange.refusal is None and not exchange.whole and exchange.expect():
                    self.write(CONTINUE)
                if exchange.door is None and exchange.refusal is None:
                    self._plane.pass_on(self, exchange)
            if exchange.refusal is None and not (exchange.door and exchange.whole):
                return
            if exchange.begun:
                return
            if exchange.refusal is not None:
                exchange.begun = True
                self._plane.refuse(exchange)
                self.done(exchange)
            elif exchange.door is not None:
                exchange.begun = True
                self._plane.answer(self, exchange)
                return

    def done(self, exchange: Exchange) -> None:
        """Go on to the next exchange, once this one is answered."""
        if self.lost:
            return
        self._queue.popleft()
        self._active = None
        self._since = self._heard = self._plane.now
        if not (exchange.keep_alive and exchange.ended) or self._plane.closing:
            self._close(gently=not exchange.whole or self._deaf)
        elif len(self._queue) < MAX_WAITING:
            self._release(_WAITING)

    def resume(self) -> None:
        """Look at the next exchange."""
        self._advance()

    def taken(self) -> None:
        if self._incoming is None or not self._incoming.full:
            self._release(_UNTAKEN)

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._heard = self._plane.now
            self._transport.write(data)

    async def drain(self) -> None:
        await self._writable.wait()

    # The end.

    def close_if_idle(self) -> None:
        if not self._queue and not self._in_head:
            self._close()

    def cut(self) -> None:
        """End at once, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()

    def look(self) -> None:
        """See whether the client takes too long."""
        now, patience = self._plane.now, self._plane.patience
        before, self._unsent = self._unsent, self._transport.get_write_buffer_size()
        if self._unsent:
            if self._unsent < before:
                self._heard = now
            elif now - self._heard > patience.stall:
                self.cut()
        elif self._deaf and not self._queue:
            if now - self._since > patience.linger:
                self.cut()
        elif self._in_head:
            if now - self._since > patience.head:
                self._refuse(too_slow("head", patience.head))
                self._advance()
        elif self._incoming is not None:
            self._look_at_body(self._incoming, now)
        elif not self._queue and now - self._since > patience.idle:
            self._close()

    def _look_at_body(self, exchange: Exchange, now: float) -> None:
        patience = self._plane.patience
        if exchange.door is not None and exchange is self._active:
            if now - self._since > patience.body:
                self._fail(exchange, too_slow("body", patience.body))
        elif not self._holds and now - self._heard > patience.stall:
            if exchange.begun or exchange.door is None:
                self.cut()
            else:
                self._fail(exchange, too_slow("body", patience.stall))

    def _fail(self, exchange: Exchange, error: KeepwellError) -> None:
        exchange.refusal, exchange.keep_alive = error, False
        self._deaf = True
        self._advance()

    def _refuse(self, error: KeepwellError) -> None:
        """Answer what cannot be understood, after all that could, and listen no more."""
        self._deaf, self._in_head = True, False
        broken, self._incoming = self._incoming, None
        if broken is None:
            broken = Exchange(self, "GET", b"*", [], keep_alive=False, old=False)
            self._queue.append(broken)
        elif broken is self._active and broken.door is None:  # it is being passed on already
            self.cut()
            return
        broken.refusal, broken.keep_alive = error, False

    def _close(self, *, gently: bool = False) -> None:
        """Close; gently where the client may still send, so that it reads our last words first."""
        if gently and not self._ended:
            self._deaf, self._since = True, self._plane.now
            self._queue.clear()
            self._release(_WAITING | _UNTAKEN)
            if self._transport.can_write_eof():
                self._transport.write_eof()
        else:
            self._deaf = True
            self._transport.close()

    def _hold(self, reason: int) -> None:
        if not self._holds and not self._transport.is_closing():
            self._transport.pause_reading()
        self._holds |= reason

    def _release(self, reason: int) -> None:
        if self._holds & reason:
            self._holds &= ~reason
            if not self._holds and not self._transport.is_closing():
                self._transport.resume_reading()


def _address(name: Any) -> str:
    return str(name[0]) if isinstance(name, tuple) and name else ""
