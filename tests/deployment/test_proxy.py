"""The other half of the port: what workers hand to the control process."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn


class Control:
    """A control process that runs in a thread: a small ASGI application on a Unix socket."""

    def __init__(self) -> None:
        self.left: list[str] = []
        self.seen: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(scope)
        reply = getattr(self, "do_" + scope["path"].strip("/").replace("/", "_"), self.do_echo)
        await reply(scope, receive, send)

    async def do_echo(self, scope: Any, receive: Any, send: Any) -> None:
        await begin(send, 201, [(b"x-path", scope["raw_path"] + b"?" + scope["query_string"])])
        more = True
        while more:
            message = await receive()
            more = message.get("more_body", False)
            await send({"type": "http.response.body", "body": message["body"], "more_body": more})

    async def do_upload(self, scope: Any, receive: Any, send: Any) -> None:
        pieces, more = [], True
        while more:
            message = await receive()
            more = message.get("more_body", False)
            pieces.append(message["body"])
        await begin(send, 200, [])
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def do_empty(self, scope: Any, receive: Any, send: Any) -> None:
        await begin(send, 204, [])
        await send({"type": "http.response.body", "body": b""})

    async def do_events(self, scope: Any, receive: Any, send: Any) -> None:
        await begin(send, 200, [(b"content-type", b"text/event-stream")])
        gone = asyncio.ensure_future(self.wait_for_leaving(receive))
        for number in range(1000):
            if gone.done():
                self.left.append(f"after {number}")
                return
            data = b"data: %d\n\n" % number
            await send({"type": "http.response.body", "body": data, "more_body": True})
            await asyncio.sleep(0.05)

    async def do_broken(self, scope: Any, receive: Any, send: Any) -> None:
        await begin(send, 200, [(b"content-length", b"100")])
        await send({"type": "http.response.body", "body": b"only this", "more_body": True})
        raise OSError("on purpose")

    async def do_refuse(self, scope: Any, receive: Any, send: Any) -> None:
        await begin(send, 413, [(b"connection", b"close")])
        await send({"type": "http.response.body", "body": b"too much"})

    @staticmethod
    async def wait_for_leaving(receive: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            continue


async def begin(send: Any, status: int, headers: list[Any]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


@contextlib.contextmanager
def running(app: Control, socket: Path) -> Iterator[None]:
    config = uvicorn.Config(app, uds=str(socket), lifespan="off", log_config=None, loop="asyncio")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield
    server.should_exit = server.force_exit = True
    thread.join()


@pytest.fixture(scope="module")
def control(served: Any) -> Iterator[Control]:
    app = Control()
    with running(app, served.house.home / "run" / "control.sock"):
        yield app


def test_requests_pass_through_whole(served: Any, control: Control) -> None:
    answer = served.client.post("/api/v1/a%20b?x=1&x=2", content=b"body", headers={"x-mine": "1"})
    assert answer.status_code == 201
    assert answer.content == b"body"
    assert answer.headers["x-path"] == "/api/v1/a%20b?x=1&x=2"
    headers = dict(control.seen[-1]["headers"])
    assert headers[b"x-mine"] == b"1"
    assert headers[b"host"] == f"127.0.0.1:{served.supervisor.port}".encode()
    assert headers[b"x-forwarded-for"] == b"127.0.0.1"


def test_a_large_upload_streams(served: Any, control: Control) -> None:
    pieces = [bytes([number]) * 300_000 for number in range(40)]
    answer = served.client.post("/upload", content=iter(pieces))
    assert answer.content == b"".join(pieces)
    assert served.client.put("/upload", content=b"".join(pieces)).content == b"".join(pieces)


def test_answers_without_a_body(served: Any, control: Control) -> None:
    assert served.client.get("/empty").status_code == 204
    head = served.client.head("/anything")
    assert head.status_code == 201
    assert head.content == b""


def test_events_arrive_as_they_are_sent_and_leaving_is_noticed(
    served: Any, control: Control, until: Callable[..., None]
) -> None:
    started = time.monotonic()
    with served.client.stream("GET", "/events") as answer:
        lines = answer.iter_lines()
        first = [next(lines) for _ in range(5)]
    assert first == ["data: 0", "", "data: 1", "", "data: 2"]
    assert time.monotonic() - started < 5
    until(lambda: control.left)


def test_an_answer_that_breaks_off_is_seen_to_break_off(served: Any, control: Control) -> None:
    with pytest.raises(httpx2.TransportError):
        served.client.get("/broken")
    assert served.client.get("/echo").status_code == 201


def test_a_refusal_before_the_body_was_read(served: Any, control: Control) -> None:
    for _ in range(30):  # whether the last bytes go out before the refusal comes in is chance
        answer = served.client.post("/refuse", content=b"x" * 3_000_000)
        assert answer.status_code == 413
        assert answer.text == "too much"


def test_without_control_process_pages_wait_and_predictions_go_on(
    house: Any, model_of: Callable[..., Any], a_row: dict[str, Any]
) -> None:
    house.register("churn", 1, model_of())
    supervisor = house.serve()
    with httpx2.Client(base_url=f"http://127.0.0.1:{supervisor.port}") as client:
        page = client.get("/")
        assert page.status_code == 503
        assert page.headers["retry-after"] == "1"
        assert "predictions go on" in page.json()["why"]
        assert client.get("/healthz").json() == {"status": "ok", "control": "away"}
        assert client.get("/readyz").status_code == 503
        assert supervisor.wait_for(house.route("churn", {1: 100.0}))
        assert client.get("/readyz").status_code == 200
        rows = {"instances": [a_row]}
        assert client.post("/endpoints/churn/predict", json=rows).status_code == 200


def test_a_stop_does_not_wait_for_a_stream_without_end(
    house: Any, model_of: Callable[..., Any]
) -> None:
    supervisor = house.serve()
    with running(Control(), house.home / "run" / "control.sock"):
        url = f"http://127.0.0.1:{supervisor.port}/events"
        with httpx2.stream("GET", url) as answer:
            next(answer.iter_lines())
            started = time.monotonic()
            supervisor.stop()
            assert time.monotonic() - started < 5
