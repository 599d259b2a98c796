"""Clients that ask an endpoint on this machine, in a process of their own: run as a file, an order on stdin.

Each client keeps a connection and asks again as soon as it was answered. What was refused for want of room
is asked again a moment later, as its answer wishes. Standard library only: it starts at once and takes little
from the processors that it shares with whom it asks.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, field

_REFUSED = (429, 503)
_PAUSE = 0.05  # seconds that a refused client waits: real ones wait longer
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be asked.

    Attributes:
        port: On 127.0.0.1.
        path: Of the endpoint.
        bodies: Requests, asked in turn.
        clients: Connections.
        warm: Seconds before anything counts.
        seconds: That count.
    """

    port: int
    path: str
    bodies: list[str]
    clients: int
    warm: float
    seconds: float


@dataclass(slots=True, kw_only=True)
class Heard:
    """What was answered while it counted.

    Attributes:
        latencies: Seconds of each request that was answered with 200, those included that were answered
            after the end: what is slow must not be left out.
        answered: Of them, those that were answered before the end.
        refused: Requests that were asked to come again.
        failed: Requests that broke, or were answered with anything else.
        seconds: Over how long.
    """

    latencies: list[float] = field(default_factory=list)
    answered: int = 0
    refused: int = 0
    failed: int = 0
    seconds: float = 0.0


async def ask(order: Order) -> Heard:
    """Ask as ordered, and return what was heard."""
    heard = Heard()
    begin = time.perf_counter() + order.warm
    end = begin + order.seconds
    requests = [_request(order.path, body.encode()) for body in order.bodies]
    clients = [_client(order.port, requests, at, begin, end, heard) for at in range(order.clients)]
    await asyncio.gather(*clients)
    heard.seconds = order.seconds
    return heard


def _request(path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _client(
    port: int, requests: list[bytes], at: int, begin: float, end: float, heard: Heard
) -> None:
    while time.perf_counter() < end:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            heard.failed += 1
            await asyncio.sleep(_PAUSE)
            continue
        try:
            while time.perf_counter() < end:
                at += 1
                start = time.perf_counter()
                writer.write(requests[at % len(requests)])
                status, closes = await _answer(reader)
                now = time.perf_counter()
                if begin <= start:
                    _note(heard, status, now - start)
                    heard.answered += status == _OK and now <= end
                if status in _REFUSED:
                    await asyncio.sleep(_PAUSE)
                if closes:
                    break
        except (OSError, asyncio.IncompleteReadError, ValueError):
            heard.failed += 1
        finally:
            writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head[9:12])
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)
    return status, b"connection: close" in head


def _note(heard: Heard, status: int, seconds: float) -> None:
    if status == _OK:
        heard.latencies.append(seconds)
    elif status in _REFUSED:
        heard.refused += 1
    else:
        heard.failed += 1


def main() -> None:
    """Read an order, carry it out, and write what was heard."""
    heard = asyncio.run(ask(Order(**json.load(sys.stdin))))
    json.dump(asdict(heard), sys.stdout)


if __name__ == "__main__":
    main()
