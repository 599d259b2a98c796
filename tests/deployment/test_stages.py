"""A traced request: its stages, whose part it is, and that nothing else changes by it."""

import asyncio
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keepwell.core.records import BundleFile, Prediction, Route
from keepwell.deployment.labels import Labels
from keepwell.deployment.routing import Split
from keepwell.deployment.scoring import load_scorer
from keepwell.deployment.server.application import Application, _next_door
from keepwell.deployment.server.doors import PredictDoor
from keepwell.deployment.server.heartbeat import Counters
from keepwell.deployment.server.messages import Request
from keepwell.deployment.server.prediction import Call, Predictor
from keepwell.deployment.server.proxy import Proxy
from keepwell.deployment.server.snapshot import LiveEndpoint, LiveRoute, Snapshot
from keepwell.deployment.tracing import requests as tracing
from keepwell.deployment.tracing.requests import Sampling, StageLog, context_of, span_id
from keepwell.infrastructure.segments import (
    SegmentWriter,
    decode_entry,
    decode_prediction,
    list_segments,
    scan_frames,
)

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
RECORDED = f"00-{TRACE}-{PARENT}-01".encode()
UNRECORDED = f"00-{TRACE}-{PARENT}-00".encode()
ROW = {"age": 30, "visits": 2, "member": True, "colour": "red", "since": "2020-01-01", "note": "x"}


class House:
    """A predictor with its logs, asked without an event loop."""

    def __init__(self, folder: Path, made: Any) -> None:
        self.folder = folder
        route = LiveRoute(
            version=1,
            role="champion",
            scorer=load_scorer(made.files.__getitem__, made.signature),
            labels=Labels(made.signature),
            files=(BundleFile(name="x", digest="x", size=1),),
        )
        split = Split("churn", [Route(version=1, weight=100)])
        endpoint = LiveEndpoint(
            name="churn", model="churn", key="customer", routes=(route,), split=split
        )
        writer = SegmentWriter(folder / "log", "test")
        self.predictor = Predictor(writer, Counters(), StageLog(folder / "stages"))
        self.predictor.snapshot = Snapshot(generation=1, endpoints={"churn": endpoint})

    def ask(self, rows: list[Any], **headers: bytes) -> tuple[int, Any, dict[bytes, bytes]]:
        application = Application(self.predictor, Proxy(Path("nowhere"), asyncio.Event()))
        named = {name.replace("_", "-").encode(): value for name, value in headers.items()}
        body = json.dumps({"instances": rows}).encode()
        request = Request(path="/endpoints/churn/predict", body=body, headers=named)
        found = application.door(request.path)
        assert found is not None
        try:
            application.answer(*found, request).send(None)
        except StopIteration as end:
            response = end.value
            return response.status, json.loads(response.body), dict(response.headers)
        raise AssertionError("it waited")

    def steps(self) -> list[dict[str, Any]]:
        found = []
        for segment in list_segments(self.folder / "stages"):
            for frame, _ in scan_frames(segment.path):
                entry = decode_entry(frame)
                assert entry is not None
                found.append(entry["span"])
        return found

    def logged(self) -> list[Prediction]:
        (segment,) = list_segments(self.folder / "log")
        rows = [decode_prediction(frame) for frame, _ in scan_frames(segment.path)]
        return [row for row in rows if row is not None]


@pytest.fixture
def house(tmp_path: Path, model_of: Callable[..., Any]) -> House:
    return House(tmp_path, model_of())


def test_the_stages_of_a_traced_request_are_told_without_gaps(house: House) -> None:
    _, plain, _ = house.ask([ROW])
    assert house.steps() == []
    status, answer, headers = house.ask([ROW], x_keepwell_trace=b"1", x_request_id=b"r1")
    assert status == 200
    assert answer["predictions"] == plain["predictions"]
    assert answer["probabilities"] == plain["probabilities"]
    root, *stages = house.steps()
    trace = headers[b"x-keepwell-trace"].decode()
    assert (root["trace"], root["kind"], root["app"]) == (trace, "server", "churn")
    assert root["id"] == span_id("r1")
    assert "parent" not in root
    assert [one["name"] for one in stages] == [
        "parse", "route", "decode", "transform", "model", "format", "log", "encode",
    ]  # fmt: skip
    assert {one["parent"] for one in stages} == {root["id"]}
    assert sum(one["ms"] for one in stages) == pytest.approx(root["ms"])
    for before, after in itertools.pairwise(stages):
        assert before["time"] + before["ms"] / 1000 == pytest.approx(after["time"], abs=1e-4)
    assert house.logged()[-1].trace == trace


def test_whoever_records_is_the_parent_and_whoever_does_not_costs_nothing(house: House) -> None:
    house.ask([ROW], traceparent=UNRECORDED)
    assert house.steps() == []
    _, _, headers = house.ask([ROW], traceparent=RECORDED, x_request_id=b"r2")
    assert headers[b"x-keepwell-trace"].decode() == TRACE
    root = house.steps()[0]
    assert (root["trace"], root["parent"]) == (TRACE, PARENT)
    assert [(one.trace, one.parent) for one in house.logged()] == [(TRACE, PARENT)] * 2
    house.ask([ROW], traceparent=RECORDED, x_keepwell_trace=b"0")  # no, thank you
    assert len({one["trace"] for one in house.steps() if one["kind"] == "server"}) == 1


def test_what_goes_wrong_is_told_too(house: House) -> None:
    status, _, _ = house.ask([{**ROW, "visits": []}], x_keepwell_trace=b"1")
    assert status == 422
    root, *stages = house.steps()
    assert "visits" in root["error"]
    assert stages[-1]["name"] == "refused"


def test_many_rows_take_the_same_stages(house: House) -> None:
    _, plain, _ = house.ask([ROW] * 30)
    _, answer, _ = house.ask([ROW] * 30, x_keepwell_trace=b"1")
    assert answer["probabilities"] == plain["probabilities"]
    assert {"transform", "model"} <= {one["name"] for one in house.steps()}


def test_a_full_disk_costs_the_trace_and_not_the_answer(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr(SegmentWriter, "claim", full)
    assert house.ask([ROW], x_keepwell_trace=b"1")[0] == 200
    assert "are not kept" in caplog.text


def test_a_recording_client_is_traced_a_few_times_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr("keepwell.deployment.tracing.requests.time.monotonic", lambda: now[0])
    sampling = Sampling(3)
    assert [sampling.admits() for _ in range(5)] == [True, True, True, False, False]
    now[0] = 101.0
    assert sampling.admits()
    monkeypatch.setattr(tracing, "_sampling", sampling)
    wanted = [context_of({b"traceparent": RECORDED}).wanted for _ in range(3)]
    assert wanted == [True, True, False]
    assert context_of({b"traceparent": b"nonsense"}).trace == ""
    assert context_of({}).wanted is False


def test_a_traced_request_takes_the_long_way_and_others_keep_their_parent() -> None:
    def asked(**headers: bytes) -> Any:
        named = {name.replace("_", "-").encode(): value for name, value in headers.items()}
        request = Request(path="/endpoints/churn/predict", headers=named)
        return PredictDoor.asked(Call.of("churn", request), request)

    assert asked(x_keepwell_trace=b"1") is None
    short = asked(traceparent=UNRECORDED)
    assert (short.trace, short.parent) == (TRACE, PARENT)


def test_traces_are_handed_in_by_whoever_may_import() -> None:
    def scope(method: str, path: str) -> tuple[str, str]:
        return _next_door(Request(method=method, path=path))

    for path in ("/v1/traces", "/api/v1/traces", "/api/v1/traces/scores"):
        assert scope("POST", path) == ("traces", "import")
        assert scope("GET", path) == ("", "")
