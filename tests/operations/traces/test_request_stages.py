"""Stages that a worker told: one waterfall with the application's steps, and exported with their parents."""

from pathlib import Path

import pytest
from traced_world import NOW, request, trace_id, tracing

from keepwell.core.records import Prediction
from keepwell.deployment.tracing.requests import StageLog, span_id
from keepwell.deployment.tracing.stages import Stages
from keepwell.monitoring.traces import WantedTraces
from keepwell.operations.outbound.bundle import Bundle
from keepwell.operations.outbound.otlp import _traces
from keepwell.workspace import Workspace


def tell(workspace: Workspace, trace: str, parent: str, name: str) -> None:
    stages = Stages()
    for stage in ("parse", "model", "encode"):
        stages.mark(stage)
    log = StageLog(workspace.outbox)
    about = {
        "app": "churn", "trace": trace, "parent": parent, "request": name, "error": "",
        "attributes": {"version": 3},
    }  # fmt: skip
    log.tell(about=about, stages=stages)
    log.close()


def test_a_request_is_part_of_the_applications_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keepwell.deployment.tracing.requests.time.time", lambda: NOW - 599.5)
    with tracing(tmp_path) as workspace:
        desk = workspace.traces
        first, search, answer = request(0)
        desk.store.take([first, search, answer])
        tell(workspace, trace_id(0), search["id"], "r1")
        whole = desk.read(trace_id(0))
        names = [(span.name, depth) for span, depth in zip(whole.spans, whole.depths, strict=True)]
        assert names == [
            ("respond", 0), ("search", 1), ("predict churn", 2), ("parse", 3), ("model", 3),
            ("encode", 3), ("answer", 1),
        ]  # fmt: skip
        assert desk.apps() == ["helpdesk"]  # an endpoint is no application
        assert desk.find(WantedTraces()).total == 1
        monkeypatch.undo()
        stages = desk.stages(NOW - 700, NOW)
        assert [span.name for span in stages] == ["predict churn", "parse", "model", "encode"]
        assert desk.stages(NOW - 500, NOW) == []


def test_exports_name_the_parent_and_tell_no_request_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keepwell.deployment.tracing.requests.time.time", lambda: NOW)
    with tracing(tmp_path) as workspace:
        tell(workspace, trace_id(0), "00f067aa0ba902b7", "r1")
        stages = tuple(workspace.traces.stages(NOW - 60, NOW + 60))
    answered = [
        Prediction(
            id=name, time=NOW, endpoint="churn", model="churn", version=3, role="champion",
            request=name, key="", inputs="{}", prediction="null", latency_ms=2.0,
            trace=trace_id(0), parent="00f067aa0ba902b7",
        )
        for name in ("r1", "r2")
    ]  # fmt: skip
    bundle = Bundle(
        project="x", version="1", time=NOW, started=NOW, answered=tuple(answered), stages=stages
    )
    spans = _traces(bundle).resource_spans[0].scope_spans[0].spans
    by_id = {span.span_id.hex(): span for span in spans}
    assert len(by_id) == len(spans) == 5
    assert by_id[span_id("r1")].parent_span_id.hex() == "00f067aa0ba902b7"
    assert by_id[span_id("r2")].parent_span_id.hex() == "00f067aa0ba902b7"
    inner = [span for span in spans if span.name in ("parse", "model", "encode")]
    assert {span.parent_span_id.hex() for span in inner} == {span_id("r1")}
