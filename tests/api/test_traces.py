"""Traces over HTTP: handed in by steps, by calls, by OpenTelemetry; found, read, scored."""

import gzip
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from traced_world import NOW, request, trace_id, tracing

from keepwell.api.app import create_app
from keepwell.workspace import Workspace

URL = "/api/v1/traces"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with tracing(tmp_path_factory.mktemp("traced")) as workspace:
        yield workspace


@pytest.fixture
def http(workspace: Workspace) -> TestClient:
    return TestClient(create_app(workspace), base_url="http://127.0.0.1:4400")


def test_steps_are_handed_in_found_read_and_scored(http: TestClient) -> None:
    kept = http.post(URL, json={"spans": request(0)}, headers={"x-keepwell-caller": "app"})
    assert kept.json() == {"accepted": 3, "duplicate": 0, "rejected": []}
    found = http.get(URL, params={"where": ["ms>100", "user=user-0"], "text": "question 0"}).json()
    assert found["total"] == 1
    assert found["traces"][0]["trace"] == trace_id(0)
    scores = {
        "scores": [{"trace": trace_id(0), "name": "helpful", "value": 0.5, "comment": "so so"}]
    }
    assert http.post(f"{URL}/scores", json=scores).json()["accepted"] == 1
    whole = http.get(f"{URL}/{trace_id(0)}").json()
    assert [one["depth"] for one in whole["spans"]] == [0, 1, 1]
    assert whole["spans"][0]["caller"] == "app"
    assert whole["spans"][2]["cost"] > 0
    assert whole["scores"][0]["comment"] == "so so"
    assert http.get(f"{URL}/gone").status_code == 404


def test_calls_are_taken_as_openai_has_them(http: TestClient) -> None:
    call = {
        "app": "bot",
        "request": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]},
        "response": {
            "choices": [{"message": {"role": "assistant", "content": "hi"}}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 1},
        },
        "ms": 20,
    }
    assert http.post(URL, json={"calls": [call]}).json()["accepted"] == 1
    (line,) = http.get(URL, params={"app": "bot"}).json()["traces"]
    assert (line["output"], line["input_tokens"], line["began"]) == ("hi", 3, NOW)
    refused = http.post(URL, json={"calls": [call, {"app": "bot"}]})
    assert refused.status_code == 422
    assert refused.json()["what"].startswith("spans[1] cannot be used: it has no 'request'")
    partial = http.post(f"{URL}?partial=true", json={"spans": [{}], "calls": [{}, call]}).json()
    assert partial["accepted"] == 1
    assert [one["index"] for one in partial["rejected"]] == [1, 0]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (URL, {"spans": 3}, 422),
        (URL, {}, 422),
        (f"{URL}/scores", {"scores": [{"trace": "gone", "name": "x", "value": 1}]}, 404),
        (f"{URL}/scores", {"scores": [3]}, 422),
        (f"{URL}?where=colour=red", None, 400),
    ],
)
def test_what_cannot_be_used_is_refused(
    http: TestClient, path: str, body: object, status: int
) -> None:
    answer = http.get(path) if body is None else http.post(path, json=body)
    assert (answer.status_code, "what" in answer.json()) == (status, True)


def test_opentelemetry_exports_in_protobuf_packed_and_in_json(http: TestClient) -> None:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTraceServiceRequest,
        ExportTraceServiceResponse,
    )

    export = ExportTraceServiceRequest()
    group = export.resource_spans.add()
    group.resource.attributes.add(key="service.name").value.string_value = "otel"
    scope = group.scope_spans.add()
    for at in range(2):
        span = scope.spans.add(
            trace_id=bytes([at + 1] * 16), span_id=bytes([7] * 8), name="chat",
            start_time_unix_nano=int(NOW * 1e9), end_time_unix_nano=int(NOW * 1e9) + 10**8,
        )  # fmt: skip
        span.attributes.add(key="gen_ai.request.model").value.string_value = "gpt-4o-mini"
        span.attributes.add(key="gen_ai.usage.output_tokens").value.int_value = 5
    body = gzip.compress(export.SerializeToString())
    kind = {"content-type": "application/x-protobuf", "content-encoding": "gzip"}
    answer = http.post("/v1/traces", content=body, headers=kind)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-protobuf")
    assert not ExportTraceServiceResponse.FromString(answer.content).HasField("partial_success")
    assert http.get(URL, params={"app": "otel"}).json()["total"] == 2
    late = {
        "resourceSpans": [
            {"scopeSpans": [{"spans": [{"startTimeUnixNano": str(int((NOW + 1e7) * 1e9))}]}]}
        ]
    }
    said = http.post("/v1/traces", json=late).json()
    assert said["partialSuccess"]["rejectedSpans"] == 1
    assert http.post("/v1/traces", json={}).json() == {}
    assert http.post("/v1/traces", content=b"x").status_code == 400
