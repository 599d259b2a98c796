"""The request path by itself, and with whatever anybody may send."""

import asyncio
import json
import resource
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from keepwell.core.records import BundleFile, Route
from keepwell.deployment.labels import Labels
from keepwell.deployment.routing import Split
from keepwell.deployment.scoring import load_scorer
from keepwell.deployment.server.application import Application
from keepwell.deployment.server.heartbeat import Counters
from keepwell.deployment.server.messages import Request
from keepwell.deployment.server.prediction import Predictor
from keepwell.deployment.server.proxy import Proxy
from keepwell.deployment.server.snapshot import LiveEndpoint, LiveRoute, Snapshot
from keepwell.infrastructure.segments import SegmentWriter, list_segments, read_frames

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


def ask(predictor: Predictor, body: bytes) -> tuple[int, Any]:
    application = Application(predictor, Proxy(Path("nowhere"), asyncio.Event()))
    request = Request(path="/endpoints/churn/predict", body=body)
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


def test_nothing_is_answered_that_cannot_be_logged(
    tmp_path: Path, model_of: Callable[..., Any], a_row: dict[str, Any]
) -> None:
    predictor = make_predictor(tmp_path, model_of())
    body = json.dumps({"instances": [a_row]}).encode()
    assert ask(predictor, body)[0] == 200
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        status, answer = ask(predictor, body)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert status == 507
    assert "prediction log" in answer["what"]
    assert "predictions" not in answer
    assert ask(predictor, body)[0] == 200
    frames = [frame for one in list_segments(tmp_path) for frame in read_frames(one.path)[0]]
    assert len(frames) == 2
