"""The request path by itself, and with whatever anybody may send."""

import asyncio
import contextlib
import json
import resource
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from keepwell.core.records import BundleFile, Prediction, Route
from keepwell.core.spec import LogSpec
from keepwell.deployment.labels import Labels
from keepwell.deployment.log_policy import LogPolicy
from keepwell.deployment.routing import Split
from keepwell.deployment.scoring import load_scorer
from keepwell.deployment.server.application import Application
from keepwell.deployment.server.heartbeat import Counters
from keepwell.deployment.server.messages import Request
from keepwell.deployment.server.prediction import Predictor
from keepwell.deployment.server.proxy import Proxy
from keepwell.deployment.server.snapshot import LiveEndpoint, LiveRoute, Snapshot
from keepwell.infrastructure.segments import (
    SegmentWriter,
    decode_prediction,
    list_segments,
    read_frames,
)

NAMES = ["age", "visits", "member", "colour", "since", "note", "customer", "x", ""]
CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["red", "2020-02-30", "0001-01-01T00:00+23:59", "9999-12-31T23:59-23:59", "1e5"]
    ),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.none(), max_size=2),
)
ROWS = st.dictionaries(st.sampled_from(NAMES), CELLS, max_size=9)


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory, model_of: Callable[..., Any]) -> Predictor:
    return make_predictor(tmp_path_factory.mktemp("predictor"), model_of())


def make_predictor(folder: Path, made: Any) -> Predictor:
    routes = tuple(
        LiveRoute(
            version=version,
            role=role,
            scorer=load_scorer(made.files.__getitem__, made.signature),
            labels=Labels(made.signature),
            files=(BundleFile(name="x", digest="x", size=1),),
        )
        for version, role in ((1, "champion"), (2, "challenger"))
    )
    shares = [Route(version=1, weight=50), Route(version=2, weight=50, role="challenger")]
    split = Split("churn", shares)
    endpoint = LiveEndpoint(name="churn", model="churn", key="customer", routes=routes, split=split)
    predictor = Predictor(SegmentWriter(folder, "test"), Counters())
    predictor.snapshot = Snapshot(generation=1, endpoints={"churn": endpoint})
    return predictor


def ask(
    predictor: Predictor, body: bytes, headers: dict[bytes, bytes] | None = None
) -> tuple[int, Any]:
    application = Application(predictor, Proxy(Path("nowhere"), asyncio.Event()))
    request = Request(path="/endpoints/churn/predict", body=body, headers=headers or {})
    found = application.door(request.path)
    assert found is not None
    try:  # nothing in it waits, so no event loop is needed
        application.answer(*found, request).send(None)
    except StopIteration as end:
        return end.value.status, json.loads(end.value.body)
    raise AssertionError("it waited")


@given(rows=st.lists(ROWS, max_size=4))
@example(rows=[{"colour": 10**400, "visits": 1, "since": "2020-01-01", "note": "", "member": 1}])
@example(
    rows=[{"customer": {"a": 1}, "visits": 10**400, "since": "2020-01-01", "note": "", "member": 1}]
)
@settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
def test_no_rows_break_the_worker(predictor: Predictor, rows: list[Any]) -> None:
    status, answer = ask(predictor, msgspec.json.encode({"instances": rows}))
    assert status in (200, 400, 422), answer
    if status == 200:
        assert len(answer["predictions"]) == len(answer["prediction_ids"]) == len(rows)
    else:
        assert answer["what"]


@given(body=st.one_of(st.binary(), st.recursive(CELLS, st.lists).map(msgspec.json.encode)))
@settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
def test_no_body_breaks_the_worker(predictor: Predictor, body: bytes) -> None:
    status, answer = ask(predictor, body)
    assert status in (400, 422), answer


@contextlib.contextmanager
def no_space() -> Iterator[None]:
    """Let no file grow beyond 100 bytes, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def logged(folder: Path) -> list[Prediction]:
    frames = [frame for one in list_segments(folder) for frame in read_frames(one.path)[0]]
    return [row for row in map(decode_prediction, frames) if row is not None]


def go_by(predictor: Predictor, spec: LogSpec) -> None:
    """Have a worker's predictor log by a policy, as if its routing file said so."""
    snapshot = predictor.snapshot
    endpoint = snapshot.endpoints["churn"]
    signature = endpoint.routes[0].scorer.signature
    labels = Labels(signature, spec.redact)
    routes = tuple(replace(route, labels=labels) for route in endpoint.routes)
    changed = replace(endpoint, routes=routes, logs_key=endpoint.key not in spec.redact)
    predictor.snapshot = replace(snapshot, endpoints={"churn": changed}, log=LogPolicy(spec))


def test_a_full_disk_stops_no_answers_where_the_policy_says_so(
    tmp_path: Path, model_of: Callable[..., Any], a_row: dict[str, Any]
) -> None:
    predictor = make_predictor(tmp_path, model_of())
    go_by(predictor, LogSpec(when_full="answer"))
    body = json.dumps({"instances": [a_row, a_row]}).encode()
    with no_space():
        status, answer = ask(predictor, body)
    assert status == 200
    assert len(answer["predictions"]) == 2
    assert answer["prediction_ids"] == [None, None]
    traffic = predictor.counters.traffic()["churn"]
    assert sum(one.unlogged for one in traffic.values()) == 2
    assert logged(tmp_path) == []
    assert all(ask(predictor, body)[1]["prediction_ids"])
    assert len(logged(tmp_path)) == 2


def test_a_sample_is_logged_and_the_rest_says_so(
    tmp_path: Path, model_of: Callable[..., Any], a_row: dict[str, Any]
) -> None:
    predictor = make_predictor(tmp_path, model_of())
    go_by(predictor, LogSpec(sample=0.3))
    body = json.dumps({"instances": [a_row]}).encode()
    told = {}
    for number in range(200):
        request = f"request {number}"
        answer = ask(predictor, body, {b"x-request-id": request.encode()})[1]
        told[request] = answer["prediction_ids"][0]
    kept = {row.request: row.id for row in logged(tmp_path)}
    assert kept == {request: one for request, one in told.items() if one is not None}
    assert 30 < len(kept) < 90
    again = ask(predictor, body, {b"x-request-id": next(iter(kept)).encode()})[1]
    assert again["prediction_ids"][0] is not None  # the same request is always in, or always out


def test_redacted_columns_reach_no_disk(
    tmp_path: Path, model_of: Callable[..., Any], a_row: dict[str, Any]
) -> None:
    predictor = make_predictor(tmp_path, model_of())
    go_by(predictor, LogSpec(redact=("note", "customer")))
    row = {**a_row, "note": "her secret", "customer": "Ms. Hidden"}
    status, answer = ask(predictor, json.dumps({"instances": [row]}).encode())
    assert status == 200
    go_by(predictor, LogSpec())
    assert (
        ask(predictor, json.dumps({"instances": [row]}).encode())[1]["predictions"]
        == (answer["predictions"])
    )
    hidden, shown = logged(tmp_path)
    assert hidden.key == ""
    assert "note" not in json.loads(hidden.inputs)
    assert shown.key == "Ms. Hidden"
    assert json.loads(shown.inputs)["note"] == "her secret"
    first = list_segments(tmp_path)[0].path.read_bytes()
    assert first.count(b"her secret") == first.count(b"Ms. Hidden") == 1


def test_a_row_bears_the_trace_of_its_request(
    tmp_path: Path, model_of: Callable[..., Any], a_row: dict[str, Any]
) -> None:
    predictor = make_predictor(tmp_path, model_of())
    body = json.dumps({"instances": [a_row]}).encode()
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    ask(predictor, body, {b"traceparent": f"00-{trace}-00f067aa0ba902b7-01".encode()})
    ask(predictor, body, {b"traceparent": b"00-nonsense-01"})
    assert [row.trace for row in logged(tmp_path)] == [trace, ""]


def test_nothing_is_answered_that_cannot_be_logged(
    tmp_path: Path, model_of: Callable[..., Any], a_row: dict[str, Any]
) -> None:
    predictor = make_predictor(tmp_path, model_of())
    body = json.dumps({"instances": [a_row]}).encode()
    assert ask(predictor, body)[0] == 200
    with no_space():
        status, answer = ask(predictor, body)
    assert status == 507
    assert "prediction log" in answer["what"]
    assert "predictions" not in answer
    assert ask(predictor, body)[0] == 200
    assert len(logged(tmp_path)) == 2
