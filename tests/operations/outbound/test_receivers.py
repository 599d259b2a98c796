"""Every receiver is told the same numbers and events, in its own words."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from keepwell.core.errors import UnavailableError, UsageError
from keepwell.core.events import Event
from keepwell.core.records import Prediction
from keepwell.core.references import Ref
from keepwell.operations.outbound.bundle import Bundle, message_of
from keepwell.operations.outbound.forms import FORMS, lines_of
from keepwell.operations.outbound.lines import FileReceiver, PostReceiver
from keepwell.operations.outbound.otlp import OtlpReceiver
from keepwell.operations.outbound.samples import Sample, samples_of
from keepwell.operations.outbound.statsd import LARGEST, StatsdReceiver

NOW = 1_800_000_000.0
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def families() -> list[Any]:
    requests = CounterMetricFamily("keepwell_requests", "Requests.", labels=["endpoint", "status"])
    requests.add_metric(["shop", "200"], 7)
    drift = GaugeMetricFamily("keepwell_drift_score", "Distance.", labels=["endpoint", "column"])
    drift.add_metric(["shop", "a|b:c"], -0.25)
    latency = HistogramMetricFamily("keepwell_seconds", "Time.", labels=["endpoint"])
    latency.add_metric(["shop"], [("0.1", 2), ("0.5", 5), ("+Inf", 6)], 1.5)
    return [requests, drift, latency]


def bundle(**fields: Any) -> Bundle:
    event = Event(
        seq=9, time=NOW - 1, actor="loop", ref=Ref("incident", "01K"), verb="opened",
        data={"title": "Inputs moved", "attempts": 0, "signals": [1]}, why="drift of plan",
        prior=0, previous="", hash="",
    )  # fmt: skip
    answered = Prediction(
        id="p", time=NOW - 2, endpoint="shop", model="shop", version=3, role="champion",
        request="r", key="", inputs="{}", prediction="null", latency_ms=20.0, trace=TRACE,
    )  # fmt: skip
    values: dict[str, Any] = {
        "project": "shop", "version": "1", "time": NOW, "started": NOW - 60,
        "samples": samples_of(families()), "events": (event,), "answered": (answered,),
    }  # fmt: skip
    return Bundle(**{**values, **fields})


class Collecting(BaseHTTPRequestHandler):
    """Keeps what is posted."""

    posts: list[tuple[str, dict[str, str], bytes]]
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        type(self).posts.append((self.path, headers, body))
        self.send_response(type(self).status)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"no")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[str]:
    Collecting.posts, Collecting.status = [], 200
    server = HTTPServer(("127.0.0.1", 0), Collecting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_histograms_keep_their_buckets() -> None:
    found = {sample.name: sample for sample in samples_of(families())}
    assert found["keepwell_seconds"].bounds == (0.1, 0.5)
    assert found["keepwell_seconds"].counts == (2, 3, 1)
    assert found["keepwell_seconds"].count == 6
    assert found["keepwell_requests"].kind == "counter"


def test_opentelemetry_is_told_by_protobuf(collector: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsServiceRequest,
    )
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    monkeypatch.setenv("OUR_KEY", "secret")
    OtlpReceiver(f"{collector}/", {"api-key": "$OUR_KEY"}).send(bundle())
    posts = {path: body for path, _, body in Collecting.posts}
    assert list(posts) == ["/v1/metrics", "/v1/logs", "/v1/traces"]
    assert {headers["api-key"] for _, headers, _ in Collecting.posts} == {"secret"}
    assert {h["content-type"] for _, h, _ in Collecting.posts} == {"application/x-protobuf"}

    group = ExportMetricsServiceRequest.FromString(posts["/v1/metrics"]).resource_metrics[0]
    metrics = {metric.name: metric for metric in group.scope_metrics[0].metrics}
    point = metrics["keepwell_requests"].sum.data_points[0]
    assert metrics["keepwell_requests"].sum.is_monotonic
    assert point.as_double == 7
    assert {one.key: one.value.string_value for one in point.attributes} == {
        "endpoint": "shop",
        "status": "200",
    }
    assert metrics["keepwell_drift_score"].gauge.data_points[0].as_double == -0.25
    histogram = metrics["keepwell_seconds"].histogram.data_points[0]
    assert (list(histogram.bucket_counts), histogram.count, histogram.sum) == ([2, 3, 1], 6, 1.5)
    assert list(histogram.explicit_bounds) == [0.1, 0.5]

    logs = ExportLogsServiceRequest.FromString(posts["/v1/logs"]).resource_logs[0]
    record = logs.scope_logs[0].log_records[0]
    assert record.body.string_value == "incident 01K opened: Inputs moved (drift of plan)"
    assert record.severity_text == "WARN"
    traces = ExportTraceServiceRequest.FromString(posts["/v1/traces"]).resource_spans[0]
    span = traces.scope_spans[0].spans[0]
    assert span.trace_id.hex() == TRACE
    assert span.end_time_unix_nano - span.start_time_unix_nano == pytest.approx(20e6, abs=1e3)


def test_a_refusal_says_what_was_answered(collector: str) -> None:
    Collecting.status = 403
    with pytest.raises(UnavailableError, match="answered 403"):
        OtlpReceiver(collector, {}).send(bundle())
    with pytest.raises(UnavailableError, match="cannot be reached"):
        OtlpReceiver("http://127.0.0.1:9", {}).send(bundle())
    with pytest.raises(UsageError, match="the environment has no 'NOBODY_SET_THIS'"):
        PostReceiver(collector, "splunk", {"authorization": "Splunk ${NOBODY_SET_THIS}"}).send(
            bundle()
        )


def test_splunk_is_posted_events_with_their_time(collector: str) -> None:
    PostReceiver(f"{collector}/services/collector", "splunk", {"authorization": "Splunk x"}).send(
        bundle()
    )
    (path, headers, body) = Collecting.posts[0]
    assert (path, headers["authorization"]) == ("/services/collector", "Splunk x")
    events = [json.loads(line) for line in body.decode().splitlines()]
    assert {one["sourcetype"] for one in events} == {
        "keepwell:metric",
        "keepwell:incident",
        "keepwell:request",
    }
    incident = next(one for one in events if one["sourcetype"] == "keepwell:incident")
    assert incident["time"] == NOW - 1
    assert incident["event"]["severity"] == "warning"


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(5)
        yield listener


def received(listener: socket.socket) -> list[str]:
    return listener.recv(65_536).decode().splitlines()


def test_statsd_counts_what_was_added(listening: socket.socket) -> None:
    address = f"127.0.0.1:{listening.getsockname()[1]}"
    receiver = StatsdReceiver(address, "datadog")
    receiver.send(bundle(events=()))
    assert received(listening) == ["keepwell.drift_score:-0.25|g|#endpoint:shop,column:a_b_c"]
    more = [
        Sample(name="keepwell_requests", kind="counter", labels=labels, value=value)
        for labels, value in (({"endpoint": "shop", "status": "200"}, 12.0),)
    ]
    receiver.send(bundle(samples=tuple(more)))
    lines = received(listening)
    assert lines[0] == "keepwell.requests:5|c|#endpoint:shop,status:200"
    assert lines[1].startswith("_e{25,")
    assert "|t:warning" in lines[1]
    again = [Sample(name="keepwell_requests", kind="counter", labels=more[0].labels, value=2.0)]
    receiver.send(bundle(samples=tuple(again), events=()))  # the worker began anew
    assert received(listening) == ["keepwell.requests:2|c|#endpoint:shop,status:200"]


def test_plain_statsd_has_labels_in_the_name(listening: socket.socket) -> None:
    StatsdReceiver(f"127.0.0.1:{listening.getsockname()[1]}").send(bundle(events=()))
    assert received(listening) == [
        "keepwell.drift_score.shop.a_b_c:0|g",
        "keepwell.drift_score.shop.a_b_c:-0.25|g",
    ]


@given(st.lists(st.text("ab|:#\n.", max_size=300), max_size=40))
def test_packets_are_whole_lines_and_fit(names: list[str]) -> None:
    from keepwell.operations.outbound.statsd import _packed

    receiver = StatsdReceiver("127.0.0.1:9", "datadog")
    lines = [
        line
        for name in names
        for line in receiver._lines(Sample(name="keepwell_x", kind="gauge", labels={"a": name}))
    ]
    packets = list(_packed(lines))
    assert b"\n".join(packets).decode().split("\n") == (lines or [""])
    assert all(len(packet) <= LARGEST for packet in packets)


def test_an_address_without_a_port_is_refused() -> None:
    with pytest.raises(UsageError, match="'localhost' is no address"):
        StatsdReceiver("localhost")


def test_ecs_and_cloudwatch_have_what_they_ask_for() -> None:
    ecs = [json.loads(line) for line in lines_of(bundle(), "ecs")]
    assert all({"@timestamp", "ecs", "message", "event", "service"} <= set(one) for one in ecs)
    assert [one["trace"]["id"] for one in ecs if "trace" in one] == [TRACE]
    emf = [json.loads(line) for line in lines_of(bundle(), "emf")]
    for document in emf:
        if "_aws" in document:
            (told,) = document["_aws"]["CloudWatchMetrics"]
            assert all(isinstance(document[name], str) for name in told["Dimensions"][0])
            assert all(isinstance(document[one["Name"]], float) for one in told["Metrics"])
            assert document["_aws"]["Timestamp"] == NOW * 1000
    assert any("_aws" not in document for document in emf)


@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_file_grows_no_further_than_twice_its_limit(tmp_path: Path, form: str) -> None:
    path = tmp_path / "logs" / "keepwell.jsonl"
    receiver = FileReceiver(path, form, most_bytes=4_000)
    for _ in range(20):
        receiver.send(bundle())
    assert path.stat().st_size <= 4_000
    assert {item.name for item in path.parent.iterdir()} == {"keepwell.jsonl", "keepwell.jsonl.1"}
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_nothing_of_a_token_leaves() -> None:
    event = Event(
        seq=1, time=NOW, actor="user", ref=Ref("token", "t"), verb="created",
        data={"digest": "abc", "name": "shop"}, why="", prior=0, previous="", hash="",
    )  # fmt: skip
    for form in FORMS:
        assert "abc" not in "".join(lines_of(bundle(events=(event,)), form))
    assert message_of(event) == "token t created"
