"""OpenTelemetry by OTLP over HTTP: metrics, events as logs, and a span for each request that bore a trace."""

import hashlib
import json
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from keepwell.core.errors import MissingExtraError
from keepwell.monitoring.traces import Span as Step
from keepwell.operations.outbound.bundle import Bundle, facts_of, message_of, severity_of
from keepwell.operations.outbound.posting import post, resolved
from keepwell.operations.outbound.samples import Sample

PROTOBUF = "application/x-protobuf"
_NANO = 1_000_000_000
_TRACE_DIGITS = 32
_WARN, _INFO = 13, 9  # OpenTelemetry's numbers


class OtlpReceiver:
    """Sends to a collector, or to a vendor that takes OTLP.

    Args:
        url: Its address, without `/v1/metrics` and so on.
        headers: What is sent along; `$NAME` stands for a variable of the environment.

    Raises:
        MissingExtraError: If the extra `otel` is not installed.
    """

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        if find_spec("opentelemetry") is None or find_spec("opentelemetry.proto") is None:
            raise MissingExtraError("monitor.export to otlp", extra="otel")
        self._url = url.rstrip("/")
        self._headers = dict(headers)

    def send(self, bundle: Bundle) -> None:
        """Send everything.

        Raises:
            UnavailableError: If it is not taken.
        """
        headers = resolved(self._headers)
        for path, request in (
            ("metrics", _metrics(bundle)),
            ("logs", _logs(bundle)),
            ("traces", _traces(bundle)),
        ):
            if request is not None:
                post(f"{self._url}/v1/{path}", request.SerializeToString(), PROTOBUF, headers)


def _metrics(bundle: Bundle) -> Any:
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsServiceRequest,
    )
    from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

    if not bundle.samples:
        return None
    request = ExportMetricsServiceRequest()
    group = request.resource_metrics.add()
    _describe(group.resource, bundle)
    scope = group.scope_metrics.add()
    scope.scope.name, scope.scope.version = "keepwell", bundle.version
    by_name: dict[str, list[Sample]] = {}
    for sample in bundle.samples:
        by_name.setdefault(sample.name, []).append(sample)
    cumulative = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    for name, samples in by_name.items():
        metric = scope.metrics.add(name=name, description=samples[0].about)
        for sample in samples:
            if sample.kind == "gauge":
                point: Any = metric.gauge.data_points.add(as_double=sample.value)
            elif sample.kind == "counter":
                metric.sum.is_monotonic = True
                metric.sum.aggregation_temporality = cumulative
                point = metric.sum.data_points.add(as_double=sample.value)
            else:
                metric.unit = "s"
                metric.histogram.aggregation_temporality = cumulative
                point = metric.histogram.data_points.add(
                    count=sample.count,
                    sum=sample.value,
                    bucket_counts=sample.counts,
                    explicit_bounds=sample.bounds,
                )
            point.time_unix_nano = int(bundle.time * _NANO)
            if sample.kind != "gauge":
                point.start_time_unix_nano = int(bundle.started * _NANO)
            _attribute(point.attributes, {k: v for k, v in sample.labels.items() if v})
    return request


def _logs(bundle: Bundle) -> Any:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    if not bundle.events:
        return None
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    _describe(group.resource, bundle)
    scope = group.scope_logs.add()
    scope.scope.name = "keepwell"
    for event in bundle.events:
        severity = severity_of(event)
        record = scope.log_records.add(
            time_unix_nano=int(event.time * _NANO),
            severity_number=_WARN if severity == "warning" else _INFO,
            severity_text="WARN" if severity == "warning" else "INFO",
        )
        record.body.string_value = message_of(event)
        facts = {f"keepwell.{name}": value for name, value in facts_of(event).items()}
        _attribute(
            record.attributes,
            {
                "event.name": f"keepwell.{event.ref.kind}.{event.verb}",
                "user.id": event.actor,
                **facts,
            },
        )
    return request


def _traces(bundle: Bundle) -> Any:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    staged = {(one.trace, one.id) for one in bundle.stages}
    answered = [
        one
        for one in bundle.answered
        if len(one.trace) == _TRACE_DIGITS
        and (one.trace, _span_id(one.request).hex()) not in staged
    ]
    if not answered and not bundle.stages:
        return None
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    _describe(group.resource, bundle)
    scope = group.scope_spans.add()
    scope.scope.name = "keepwell"
    for one in answered:
        span = scope.spans.add(
            name=f"predict {one.endpoint}",
            kind=Span.SpanKind.SPAN_KIND_SERVER,
            trace_id=bytes.fromhex(one.trace),
            span_id=_span_id(one.request),
            parent_span_id=bytes.fromhex(one.parent),
            start_time_unix_nano=int((one.time - one.latency_ms / 1000) * _NANO),
            end_time_unix_nano=int(one.time * _NANO),
        )
        _attribute(
            span.attributes,
            {
                "keepwell.endpoint": one.endpoint,
                "keepwell.model": one.model,
                "keepwell.version": one.version,
                "keepwell.role": one.role,
                "keepwell.request": one.request,
                "keepwell.prediction": one.id,
                "keepwell.caller": one.caller,
            },
        )
    for stage in bundle.stages:
        _stage(scope, stage)
    return request


def _stage(scope: Any, stage: Step) -> None:
    """Tell a traced request, or a stage of it."""
    from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

    server = stage.kind == "server"
    kinds = Span.SpanKind
    span = scope.spans.add(
        name=stage.name,
        kind=kinds.SPAN_KIND_SERVER if server else kinds.SPAN_KIND_INTERNAL,
        trace_id=bytes.fromhex(stage.trace),
        span_id=bytes.fromhex(stage.id),
        parent_span_id=bytes.fromhex(stage.parent),
        start_time_unix_nano=int(stage.time * _NANO),
        end_time_unix_nano=int(stage.end * _NANO),
    )
    told = {f"keepwell.{name}": value for name, value in json.loads(stage.attributes).items()}
    _attribute(span.attributes, {"keepwell.endpoint": stage.app, **told} if server else told)
    if stage.error:
        span.status.code, span.status.message = Status.STATUS_CODE_ERROR, stage.error


def _span_id(request: str) -> bytes:
    """Return the id of the span of a request: the one that its stages name as their parent."""
    return hashlib.blake2b(request.encode(), digest_size=8).digest()


def _describe(resource: Any, bundle: Bundle) -> None:
    _attribute(
        resource.attributes,
        {
            "service.name": "keepwell",
            "service.namespace": bundle.project,
            "service.version": bundle.version,
        },
    )


def _attribute(attributes: Any, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        one = attributes.add(key=name)
        if isinstance(value, bool):
            one.value.bool_value = value
        elif isinstance(value, int):
            one.value.int_value = max(-(1 << 63), min(value, (1 << 63) - 1))
        elif isinstance(value, float):
            one.value.double_value = value
        else:
            one.value.string_value = str(value)
