"""The short way answers and logs what the long way would, or leaves it to the long way."""

import asyncio
import json
import resource
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from plane_world import Wire, answers_in

from keepwell.core.records import BundleFile, Prediction, Route, Task
from keepwell.core.spec import LogSpec
from keepwell.deployment.labels import Labels
from keepwell.deployment.log_policy import LogPolicy
from keepwell.deployment.routing import Split
from keepwell.deployment.scoring import load_scorer
from keepwell.deployment.server.application import Application
from keepwell.deployment.server.assignment import sole_route
from keepwell.deployment.server.doors import PredictDoor
from keepwell.deployment.server.heartbeat import Counters
from keepwell.deployment.server.hot.lane import Lane
from keepwell.deployment.server.messages import Request
from keepwell.deployment.server.plane import Plane
from keepwell.deployment.server.plane.connection import Connection
from keepwell.deployment.server.prediction import Call, Predictor
from keepwell.deployment.server.proxy import Proxy
from keepwell.deployment.server.snapshot import LiveEndpoint, LiveRoute, Snapshot
from keepwell.infrastructure.segments import (
    SegmentWriter,
    decode_prediction,
    list_segments,
    read_frames,
)

KINDS: dict[str, tuple[Task, str]] = {
    "tree": (Task.BINARY, "tree"),
    "linear": (Task.BINARY, "linear"),
    "classes": (Task.MULTICLASS, "tree"),
    "number": (Task.REGRESSION, "tree"),
}
FINE: dict[str, st.SearchStrategy[Any]] = {
    "age": st.one_of(st.none(), st.floats(-1e6, 1e6), st.integers(-(10**18), 10**18)),
    "visits": st.one_of(st.integers(0, 60), st.floats(0, 60)),
    "member": st.booleans(),
    "colour": st.one_of(st.none(), st.sampled_from(["red", "7", "", "ünseen", '"\\\n'])),
    "since": st.sampled_from(
        ["2020-02-29", "2020-02-29T12:00:00Z", "1970-01-01T00:00:00.5+02:00", " 2021-01-01 "]
    ),
    "note": st.one_of(st.text(max_size=9), st.sampled_from(["good luck", "bad day day"])),
}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.sampled_from(["2020-02-30", "0001-01-01T00:00+23:59", "1e5", 10**400, [1], {"a": 1}]),
)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    row = draw(st.fixed_dictionaries(FINE))
    if draw(st.booleans()) and draw(st.booleans()):
        row[draw(st.sampled_from([*FINE, "extra"]))] = draw(ODD)
    for name in draw(st.sets(st.sampled_from(["age", "colour", "note", "visits"]), max_size=1)):
        if draw(st.booleans()):
            row.pop(name)
    if draw(st.booleans()):
        row["customer"] = draw(st.one_of(st.none(), st.integers(0, 9), st.text(max_size=3)))
    return dict(draw(st.permutations(list(row.items()))))


def make_route(made: Any) -> LiveRoute:
    return LiveRoute(
        version=3,
        role="champion",
        scorer=load_scorer(made.files.__getitem__, made.signature),
        labels=Labels(made.signature),
        files=(BundleFile(name="x", digest="x", size=1),),
    )


def make_endpoint(made: Any, key: str = "") -> LiveEndpoint:
    split = Split("churn", [Route(version=3, weight=100)])
    return LiveEndpoint(name="churn", model="m", key=key, routes=(make_route(made),), split=split)


class World:
    """One endpoint, asked both ways."""

    def __init__(self, folder: Path, made: Any, key: str = "") -> None:
        self.folder = folder
        self.predictor = Predictor(SegmentWriter(folder, "test"), Counters())
        self.endpoint = make_endpoint(made, key)
        self.predictor.snapshot = Snapshot(generation=1, endpoints={"churn": self.endpoint})
        self.application = Application(self.predictor, Proxy(Path("nowhere"), asyncio.Event()))
        self.appended: list[bytes] = []
        self.predictor._writer.append_all = self._keep  # type: ignore[method-assign]

    def _keep(self, payloads: Sequence[bytes]) -> None:
        self.appended += payloads

    def short(self, body: bytes) -> tuple[Any, list[Prediction]] | None:
        lane = Lane.of(self.endpoint)
        assert lane is not None
        ready = lane.take("r1", "", body)
        if ready is None:
            return None
        head = dict(line.split(b": ") for line in ready.head.strip().split(b"\r\n")[1:])
        assert int(head[b"content-length"]) == len(ready.body)
        assert (head[b"x-model-version"], head[b"x-request-id"]) == (b"3", b"r1")
        return json.loads(ready.body), decoded(ready.frames)

    def long(self, body: bytes) -> tuple[int, Any, list[Prediction]]:
        self.appended.clear()
        path = "/endpoints/churn/predict"
        request = Request(path=path, headers={b"x-request-id": b"r1"}, body=body)
        found = self.application.door(path)
        assert found is not None
        try:
            self.application.answer(*found, request).send(None)
        except StopIteration as end:
            return end.value.status, json.loads(end.value.body), decoded(self.appended)
        raise AssertionError("it waited")


def decoded(frames: list[bytes]) -> list[Prediction]:
    found = [decode_prediction(frame) for frame in frames]
    return [one for one in found if one is not None]


def canonical(text: str) -> str:
    return json.dumps(json.loads(text), sort_keys=True)


def comparable(document: Any, logged: list[Prediction]) -> Any:
    """Leave out what differs between any two requests, and compare inputs as what they say."""
    assert document.pop("prediction_ids") == [one.id for one in logged]
    same = [
        replace(one, id="", time=0.0, latency_ms=0.0, inputs=canonical(one.inputs))
        for one in logged
    ]
    return json.dumps(document), same


@pytest.fixture(scope="module", params=[(kind, key) for kind in KINDS for key in ("", "customer")])
def world(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    model_of: Callable[..., Any],
) -> World:
    kind, key = request.param
    task, flavour = KINDS[kind]
    return World(tmp_path_factory.mktemp("hot"), model_of(task, flavour=flavour), key)


@given(asked=st.lists(rows(), min_size=1, max_size=12))
@example(asked=[{name: None for name in FINE}])
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_the_short_way_is_the_long_way(world: World, asked: list[Any]) -> None:
    body = json.dumps({"instances": asked}).encode()
    short = world.short(body)
    if short is not None:
        status, document, logged = world.long(body)
        assert status == 200
        assert "warnings" not in document
        assert comparable(*short) == comparable(document, logged)


@pytest.mark.parametrize("count", [1, 3, 100])
def test_the_usual_request_goes_the_short_way(
    world: World, a_row: dict[str, Any], count: int
) -> None:
    row = a_row | {"colour": None, "age": 3}
    if world.endpoint.key:
        row["customer"] = "c1"
    body = json.dumps({"instances": [row] * count}).encode()
    short = world.short(body)
    assert short is not None
    _, document, logged = world.long(body)
    assert comparable(*short) == comparable(document, logged)


def odd(a_row: dict[str, Any]) -> dict[str, bytes]:
    bodies = {
        "a column too many": [a_row | {"more": 1}],
        "a number for a label": [a_row | {"colour": 7}],
        "a gap that training did not see": [a_row | {"visits": None}],
        "no row": [],
        "a strange date": [a_row | {"since": "2020-02-30"}],
        "one row of three": [a_row, a_row | {"visits": "x"}, a_row],
        "a row of blanks": [a_row],
        "more rows than one turn may take": [a_row] * 201,
    }
    texts = {name: json.dumps({"instances": rows}).encode() for name, rows in bodies.items()}
    texts["a row of blanks"] = texts["a row of blanks"].replace(b", ", b"," + b" " * 4000)
    return texts | {"no json": b"{", "nothing": b"", "a list": b"[]"}


def test_what_is_odd_goes_the_long_way(
    tmp_path: Path, model_of: Callable[..., Any], a_row: dict[str, Any]
) -> None:
    world = World(tmp_path, model_of())
    taken = [name for name, body in odd(a_row).items() if world.short(body) is not None]
    assert taken == []


def test_who_shares_redacts_or_samples_goes_the_long_way(
    tmp_path: Path, model_of: Callable[..., Any]
) -> None:
    made = model_of()
    whole = make_endpoint(made)
    shares = [Route(version=3, weight=50), Route(version=4, weight=50, role="challenger")]
    shared = replace(whole, routes=whole.routes * 2, split=Split("churn", shares))
    assert sole_route(shared) is None
    assert Lane.of(shared) is None
    hidden = replace(whole.routes[0], labels=Labels(made.signature, ["note"]))
    assert Lane.of(replace(whole, routes=(hidden,))) is None
    predictor = Predictor(SegmentWriter(tmp_path, "test"), Counters())
    plane = Plane(Application(predictor, Proxy(Path("nowhere"), asyncio.Event())))
    sampled = Snapshot(endpoints={"churn": whole}, log=LogPolicy(LogSpec(sample=0.5)))
    assert plane.hot._lane(sampled, "churn") is None
    assert plane.hot._lane(Snapshot(endpoints={"churn": whole}), "churn") is not None


@pytest.mark.parametrize(
    ("headers", "usual"),
    [
        ({}, True),
        ({b"content-type": b"application/json; charset=utf-8", b"accept": b"*/*"}, True),
        ({b"x-request-id": b"mine"}, True),
        ({b"x-request-id": b"\xff"}, False),
        ({b"content-type": b"text/csv"}, False),
        ({b"accept": b"text/csv"}, False),
        ({b"x-keepwell-probe": b"1"}, False),
        ({b"authorization": b"Bearer x"}, False),
    ],
)
def test_headers_tell_the_usual_request(headers: dict[bytes, bytes], usual: bool) -> None:
    request = Request(path="/endpoints/churn/predict", headers=headers)
    asked = PredictDoor.asked(Call.of("churn", request), request)
    assert (asked is not None) is usual
    assert asked is None or asked.request == headers.get(b"x-request-id", b"").decode()


def post(body: bytes, extra: bytes = b"") -> bytes:
    head = b"POST /endpoints/churn/predict HTTP/1.1\r\nhost: 127.0.0.1\r\n" + extra
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def usual_body(row: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"instances": [row]})


def real(folder: Path, made: Any) -> tuple[Plane, Predictor]:
    predictor = Predictor(SegmentWriter(folder, "test"), Counters())
    predictor.snapshot = Snapshot(endpoints={"churn": make_endpoint(made)})
    return Plane(Application(predictor, Proxy(Path("nowhere"), asyncio.Event()))), predictor


def logged_in(folder: Path) -> list[Prediction]:
    return decoded([frame for one in list_segments(folder) for frame in read_frames(one.path)[0]])


def test_rows_of_one_turn_are_logged_by_one_write_before_any_answer_leaves(
    tmp_path: Path, model_of: Callable[..., Any], a_row: dict[str, Any]
) -> None:
    plane, predictor = real(tmp_path, model_of())
    writes: list[int] = []
    append_all = predictor._writer.append_all

    def watched(payloads: Any) -> None:
        writes.append(len(payloads))
        assert all(wire.sent.count(b"HTTP/1.1 200") == len(writes) - 1 for _, wire in lines)
        append_all(payloads)

    predictor._writer.append_all = watched  # type: ignore[method-assign]
    lines: list[tuple[Connection, Wire]] = []

    async def turns() -> None:
        for _ in range(5):
            connection, wire = Connection(plane), Wire()
            connection.connection_made(wire)  # type: ignore[arg-type]
            lines.append((connection, wire))
        for turn in range(3):
            for connection, _ in lines:
                connection.data_received(post(usual_body(a_row | {"visits": 10**turn})))
            await asyncio.sleep(0)

    asyncio.run(turns())
    assert writes == [5, 5, 5]
    answers = [answers_in(wire.sent) for _, wire in lines]
    ids = [answer.json()["prediction_ids"][0] for found in answers for answer in found]
    assert sorted(ids) == sorted(one.id for one in logged_in(tmp_path))
    assert len(set(ids)) == 15
    assert predictor.counters.traffic()["churn"]["3"].rows == 15


def test_a_head_seen_before_means_the_same_again(
    tmp_path: Path, model_of: Callable[..., Any], a_row: dict[str, Any]
) -> None:
    plane, _ = real(tmp_path, model_of())
    wire = Wire()
    requests = [
        post(usual_body(a_row)),
        post(usual_body(a_row | {"visits": 100_000})),  # another length
        post(b"{}"),  # refused, by the long way
        post(usual_body(a_row | {"more": 1})),  # a warning, by the long way
        post(usual_body(a_row)) + post(usual_body(a_row)),  # two at once
        post(usual_body(a_row), b"x-request-id: mine\r\n"),
        post(usual_body(a_row)),
        post(usual_body(a_row), b"connection: close\r\n"),
    ]

    async def turns() -> None:
        connection = Connection(plane)
        connection.connection_made(wire)  # type: ignore[arg-type]
        for request in requests:
            half = len(request) // 2
            pieces = [request[:half], request[half:]] if request is requests[6] else [request]
            for piece in pieces:
                connection.data_received(piece)
            for _ in range(5):
                await asyncio.sleep(0)
        assert connection._familiar is not None

    asyncio.run(turns())
    answers = answers_in(wire.sent)
    assert [answer.status for answer in answers] == [200, 200, 422, 200, 200, 200, 200, 200, 200]
    assert "warnings" in answers[3].json()
    assert answers[6].headers["x-request-id"] == "mine"
    assert len({answer.headers["x-request-id"] for answer in answers if answer.status == 200}) == 8
    assert answers[-1].headers["connection"] == "close"
    assert wire.closed


def test_requests_that_come_before_the_turn_ends_keep_their_order(
    tmp_path: Path, model_of: Callable[..., Any], a_row: dict[str, Any]
) -> None:
    plane, _ = real(tmp_path, model_of())
    wire = Wire()

    async def turns() -> None:
        connection = Connection(plane)
        connection.connection_made(wire)  # type: ignore[arg-type]
        for visits in range(6):
            connection.data_received(post(usual_body(a_row | {"visits": visits})))
        for _ in range(20):
            await asyncio.sleep(0)

    asyncio.run(turns())
    ids = [answer.json()["prediction_ids"][0] for answer in answers_in(wire.sent)]
    inputs = {one.id: json.loads(one.inputs)["visits"] for one in logged_in(tmp_path)}
    assert [inputs[one] for one in ids] == list(range(6))


def test_nothing_is_answered_the_short_way_that_cannot_be_logged(
    tmp_path: Path, model_of: Callable[..., Any], a_row: dict[str, Any]
) -> None:
    plane, _ = real(tmp_path, model_of())
    wires = [Wire(), Wire()]

    async def turns() -> None:
        connections = [Connection(plane), Connection(plane)]
        for connection, wire in zip(connections, wires, strict=True):
            connection.connection_made(wire)  # type: ignore[arg-type]
        for _ in range(2):  # once by the parser, once familiar
            for connection in connections:
                connection.data_received(post(usual_body(a_row)))
            for _ in range(5):
                await asyncio.sleep(0)

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        asyncio.run(turns())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    for wire in wires:
        answers = answers_in(wire.sent)
        assert [answer.status for answer in answers] == [507, 507]
        assert all("predictions" not in answer.json() for answer in answers)
    assert logged_in(tmp_path) == []
