"""OpenTelemetry's export of traces, in JSON or in protobuf, as items of `posted.span_of`."""

import json
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any

from keepwell.core.errors import InvalidRequestError, MissingExtraError, UsageError
from keepwell.monitoring.traces.forms.conventions import fields_of

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
_NANO = 1e9
_FAILED = (2, "STATUS_CODE_ERROR")
_TRACE, _SPAN = 32, 16


def items_of(body: bytes, kind: str) -> Iterator[dict[str, Any]]:
    """Yield the spans of an `ExportTraceServiceRequest`.

    Raises:
        UsageError: If the body is not what its content type says.
        MissingExtraError: If protobuf cannot be read here.
    """
    request = _from_protobuf(body) if kind == PROTOBUF else _from_json(body)
    for group in _listed(request, "resourceSpans"):
        resource = _attributes(_mapped(group.get("resource")).get("attributes"))
        for scope in _listed(group, "scopeSpans"):
            by = _mapped(scope.get("scope")).get("name", "")
            for span in _listed(scope, "spans"):
                yield _item(span, resource, str(by))


def _item(span: Mapping[str, Any], resource: Mapping[str, Any], scope: str) -> dict[str, Any]:
    begun, ended = _nanos(span, "startTimeUnixNano"), _nanos(span, "endTimeUnixNano")
    events = [
        (
            str(one.get("name", "")),
            max(_nanos(one, "timeUnixNano") - begun, 0) / 1e6,
            _attributes(one.get("attributes")),
        )
        for one in _listed(span, "events")
    ]
    item = fields_of(_attributes(span.get("attributes")), events)
    status = _mapped(span.get("status"))
    if status.get("code") in _FAILED:
        item["error"] = str(status.get("message") or item.get("error") or "failed")
    app = resource.get("service.name") or scope or "unknown"
    if item["kind"] == "span" and span.get("kind") in (2, "SPAN_KIND_SERVER"):
        item["kind"] = "server"
    return {
        **item,
        "trace": span.get("traceId"),
        "id": span.get("spanId"),
        "parent": span.get("parentSpanId"),
        "name": span.get("name"),
        "app": str(app),
        "time": begun / _NANO or None,
        "ms": max(ended - begun, 0) / 1e6,
    }


def _from_json(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"the body is not JSON: {error}", now="send an ExportTraceServiceRequest of OTLP"
        ) from None
    if not isinstance(found, Mapping):
        raise InvalidRequestError(
            "the body is no object",
            why='an export of OTLP is {"resourceSpans": […]}',
            now="set OTEL_EXPORTER_OTLP_ENDPOINT to this address, and let the SDK send it",
        )
    return found


def _from_protobuf(body: bytes) -> Mapping[str, Any]:
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.proto") is None:
        raise MissingExtraError("OTLP in protobuf", extra="otel")
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise UsageError(
            f"the body is no protobuf of OTLP: {error}",
            now="send an ExportTraceServiceRequest, or JSON as application/json",
        ) from None
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": list(group.resource.attributes)},
                "scopeSpans": [
                    {
                        "scope": {"name": scope.scope.name},
                        "spans": [_told(span) for span in scope.spans],
                    }
                    for scope in group.scope_spans
                ],
            }
            for group in request.resource_spans
        ]
    }


def _told(span: Any) -> dict[str, Any]:
    """Return a span of protobuf as JSON has it; its attributes are read by `_attributes`."""
    return {
        "traceId": span.trace_id.hex(),
        "spanId": span.span_id.hex(),
        "parentSpanId": span.parent_span_id.hex(),
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": span.start_time_unix_nano,
        "endTimeUnixNano": span.end_time_unix_nano,
        "attributes": list(span.attributes),
        "status": {"code": span.status.code, "message": span.status.message},
        "events": [
            {
                "name": one.name,
                "timeUnixNano": one.time_unix_nano,
                "attributes": list(one.attributes),
            }
            for one in span.events
        ],
    }


def _attributes(found: Any) -> dict[str, Any]:
    if isinstance(found, Mapping | str) or not hasattr(found, "__iter__"):
        return {}
    plain: dict[str, Any] = {}
    for one in found:
        if isinstance(one, Mapping):
            plain[str(one.get("key", ""))] = _value(one.get("value"))
        elif hasattr(one, "key"):
            plain[one.key] = _proto_value(one.value)
    return plain


def _value(value: Any) -> Any:
    """Return an `AnyValue` of JSON as Python."""
    if not isinstance(value, Mapping):
        return None
    for name in ("stringValue", "boolValue", "doubleValue", "bytesValue"):
        if name in value:
            return value[name]
    if "intValue" in value:  # 64 bits are written as text
        try:
            return int(value["intValue"])
        except (TypeError, ValueError):
            return None
    if "arrayValue" in value:
        return [_value(one) for one in _listed(_mapped(value["arrayValue"]), "values")]
    if "kvlistValue" in value:
        return _attributes(_mapped(value["kvlistValue"]).get("values"))
    return None


def _proto_value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    held = getattr(value, kind)
    if kind == "array_value":
        return [_proto_value(one) for one in held.values]
    if kind == "kvlist_value":
        return {one.key: _proto_value(one.value) for one in held.values}
    return held.hex() if kind == "bytes_value" else held


def _nanos(span: Mapping[str, Any], name: str) -> int:
    try:
        return int(span.get(name) or 0)
    except (TypeError, ValueError):
        return 0


def _mapped(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _listed(value: Mapping[str, Any], name: str) -> list[Any]:
    found = value.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
