"""A data plane in a thread, and one without sockets, with a door that says what it was sent."""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httptools
import uvloop

from keepwell.deployment.server.application import Application
from keepwell.deployment.server.doors import Door
from keepwell.deployment.server.heartbeat import Counters
from keepwell.deployment.server.messages import Request, Response
from keepwell.deployment.server.plane import Patience, Plane
from keepwell.deployment.server.plane.connection import Connection
from keepwell.deployment.server.prediction import Call, Predictor
from keepwell.deployment.server.proxy import Proxy
from keepwell.infrastructure.segments import SegmentWriter


class EchoDoor(Door):
    """Answers with what it was sent; slowly where the path says so."""

    async def answer(self, call: Call, request: Request) -> Response:
        if call.endpoint == "slow":
            await asyncio.sleep(0.3)
        elif call.endpoint == "yield":
            await asyncio.sleep(0)
        body = request.body
        if call.endpoint == "large":
            body = b"x" * 20_000_000
        return Response(status=200, headers=[(b"x-name", call.endpoint.encode())], body=body)


def make_application(folder: Path, control: Path = Path("nowhere")) -> Application:
    predictor = Predictor(SegmentWriter(folder, "test"), Counters())
    application = Application(predictor, Proxy(control, asyncio.Event()))
    application._doors._by_verb["echo"] = EchoDoor()
    return application


class Running:
    """A plane that listens on `port`."""

    def __init__(self, folder: Path, patience: Patience | None = None) -> None:
        self.port = 0
        self.plane: Plane | None = None
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._loop: Any = None
        self._thread = threading.Thread(target=lambda: uvloop.run(self._serve(folder, patience)))
        self._thread.start()
        self._ready.wait(10)

    async def _serve(self, folder: Path, patience: Patience | None) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self.plane = Plane(make_application(folder), patience=patience)
        await self.plane.open(listener)
        self._ready.set()
        await self._stop.wait()
        await self.plane.close(5)

    def begin_stop(self) -> None:
        if self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)

    def stop(self) -> None:
        self.begin_stop()
        self._thread.join(20)
        assert not self._thread.is_alive()

    @contextlib.contextmanager
    def line(self, timeout: float = 10) -> Iterator["Client"]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as opened:
            yield Client(opened)


class Client:
    """A raw connection that understands answers."""

    def __init__(self, opened: socket.socket) -> None:
        self.socket = opened
        self.raw = b""

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.socket.sendall(piece)

    def all(self) -> list["Answer"]:
        """Read until the server closes."""
        while data := self.socket.recv(1 << 20):
            self.raw += data
        return answers_in(self.raw)

    def answers(self, count: int) -> list["Answer"]:
        """Read until so many whole answers came."""
        while True:
            found = answers_in(self.raw, whole=False)
            if len(found) >= count:
                return found
            data = self.socket.recv(1 << 20)
            assert data, self.raw
            self.raw += data


class Answer:
    """One answer, as httptools understands it."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""

    def json(self) -> Any:
        return json.loads(self.body)


class _Reader:
    def __init__(self) -> None:
        self.found: list[Answer] = []
        self.now = Answer()
        self.parser = httptools.HttpResponseParser(self)

    def on_message_begin(self) -> None:
        self.now = Answer()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.now.headers[name.decode().lower()] = value.decode()

    def on_body(self, piece: bytes) -> None:
        self.now.body += piece

    def on_message_complete(self) -> None:
        self.now.status = self.parser.get_status_code()
        self.found.append(self.now)


def answers_in(raw: bytes, *, whole: bool = True) -> list[Answer]:
    """Return the answers in what a server sent; every byte belongs to one, if `whole`."""
    reader = _Reader()
    with contextlib.suppress(httptools.HttpParserError) if not whole else contextlib.nullcontext():
        reader.parser.feed_data(raw)
    return [answer for answer in reader.found if answer.status != 100]


class Wire:
    """A transport that goes nowhere."""

    def __init__(self) -> None:
        self.sent = b""
        self.closed = self.paused = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.sent += data

    def get_extra_info(self, name: str) -> Any:
        return ("127.0.0.1", 1)

    def pause_reading(self) -> None:
        assert not self.paused
        self.paused = True

    def resume_reading(self) -> None:
        assert self.paused
        self.paused = False

    def get_write_buffer_size(self) -> int:
        return 0

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close


async def converse(plane: Plane, pieces: Sequence[bytes], *, together: bool = False) -> bytes:
    """Send pieces over a connection without sockets; return all that came back."""
    connection, wire = Connection(plane), Wire()
    connection.connection_made(wire)  # type: ignore[arg-type]
    for piece in pieces:
        turns = 0
        while wire.paused and not wire.closed and turns < 1000:
            turns += 1
            await asyncio.sleep(0)
        connection.data_received(piece)
        if not together:
            await asyncio.sleep(0)
    for _ in range(1000):
        if not connection._queue or wire.closed:
            break
        await asyncio.sleep(0)
    connection.connection_lost(None)
    return wire.sent
