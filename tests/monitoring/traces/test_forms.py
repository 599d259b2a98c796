"""What others write down of a call, read as a step."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.errors import KeepwellError
from keepwell.core.spec.tracing import ModelPrice
from keepwell.monitoring.elsewhere.posted import Unusable
from keepwell.monitoring.traces.forms import openai
from keepwell.monitoring.traces.forms.conventions import fields_of
from keepwell.monitoring.traces.forms.otlp import JSON, PROTOBUF, items_of
from keepwell.monitoring.traces.posted import span_of
from keepwell.monitoring.traces.pricing import cost_of
from keepwell.monitoring.traces.span import Span

NOW = 1_800_000_000.0
CHAT = {
    "app": "helpdesk",
    "request": {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": "hello"}],
        "temperature": 0.2,
        "user": "ada",
    },
    "response": {
        "id": "chatcmpl-1",
        "created": 1_799_999_000,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 12,
            "completion_tokens": 3,
            "prompt_tokens_details": {"cached_tokens": 8},
        },
    },
    "ms": 500,
}


def test_a_chat_completion_is_read() -> None:
    span = span_of(openai.item_of(CHAT), NOW)
    assert (span.kind, span.model, span.output, span.user) == (
        "llm", "gpt-4o-mini-2024-07-18", "hi", "ada",
    )  # fmt: skip
    assert json.loads(span.input) == CHAT["request"]["messages"]  # type: ignore[index]
    assert (span.input_tokens, span.output_tokens, span.cached_tokens) == (12, 3, 8)
    assert (span.time, span.ms) == (1_799_999_000 - 0.5, 500)
    assert json.loads(span.attributes) == {
        "temperature": 0.2, "response_id": "chatcmpl-1", "finish": "stop",
    }  # fmt: skip


def test_responses_tools_embeddings_and_errors_are_read() -> None:
    responses = openai.item_of(
        {
            "app": "a",
            "request": {"model": "m", "instructions": "be kind", "input": [{"role": "user"}]},
            "response": {
                "output": [
                    {"type": "message", "content": [{"type": "output_text", "text": "yes"}]}
                ],
                "usage": {"input_tokens": 5, "output_tokens": 1},
            },
        }
    )
    assert responses["output"] == "yes"
    assert responses["input"][0] == {"role": "system", "content": "be kind"}
    assert responses["input_tokens"] == 5
    called = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    tools = openai.item_of(
        {"app": "a", "request": {"messages": []}, "response": {"choices": [{"message": called}]}}
    )
    assert tools["output"] == called
    embedded = openai.item_of(
        {"app": "a", "request": {"input": "x"}, "response": {"data": [{"embedding": [0.1]}]}}
    )
    assert embedded["kind"] == "embedding"
    failed = openai.item_of(
        {"app": "a", "request": {}, "response": {"error": {"message": "rate limit"}}}
    )
    assert span_of(failed, NOW).error == "rate limit"
    for wrong in (3, {"app": "a"}, {"app": "a", "request": {}, "colour": 1}):
        with pytest.raises(Unusable):
            openai.item_of(wrong)


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ("x", "not an object"),
        ({}, "no 'app'"),
        ({"app": "a", "color": 1}, "unknown field 'color'"),
        ({"app": "a", "kind": "thing"}, "'kind' is 'thing'"),
        ({"app": "a", "ms": -1}, "'ms' is -1"),
        ({"app": "a", "input_tokens": "many"}, "'input_tokens' is 'many'"),
        ({"app": "a", "time": NOW + 1e6}, "set the sender's clock"),
        ({"app": "a", "attributes": [][:0] or [1]}, "'attributes'"),
        ({"app": "a", "trace": ["x"]}, "not a text"),
    ],
)
def test_a_step_that_cannot_be_used_says_why(item: Any, why: str) -> None:
    with pytest.raises(Unusable, match=why):
        span_of(item, NOW)


def test_ids_of_any_form_become_hexadecimal_and_stay_the_same() -> None:
    one, other = (span_of({"app": "a", "trace": "order-17", "id": 3}, NOW) for _ in range(2))
    assert (one.trace, one.id) == (other.trace, other.id)
    assert (len(one.trace), len(one.id)) == (32, 16)
    kept = span_of({"app": "a", "trace": "AB" * 16, "id": "0" * 16}, NOW)
    assert (kept.trace, kept.id) == ("ab" * 16, "0" * 16)
    assert span_of({"app": "a"}, NOW).trace != span_of({"app": "a"}, NOW).trace


def test_attributes_of_the_conventions_become_fields() -> None:
    found = fields_of(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.response.model": "gpt-4o-2024-08-06",
            "gen_ai.usage.input_tokens": 10,
            "gen_ai.usage.output_tokens": 4,
            "gen_ai.conversation.id": "c1",
            "gen_ai.input.messages": json.dumps(
                [{"role": "user", "parts": [{"type": "text", "content": "hello"}]}]
            ),
            "gen_ai.output.messages": json.dumps(
                [
                    {
                        "role": "assistant",
                        "parts": [{"type": "text", "content": "hi"}],
                        "finish_reason": "stop",
                    }
                ]
            ),
            "gen_ai.response.time_to_first_chunk": 0.25,
            "server.address": "api.example.com",
        }
    )
    assert found["model"] == "gpt-4o-2024-08-06"
    assert found["input"] == [{"role": "user", "content": "hello"}]
    assert found["output"] == "hi"
    assert (found["kind"], found["session"], found["first_token_ms"]) == ("llm", "c1", 250)
    assert found["attributes"]["server.address"] == "api.example.com"
    older = fields_of(
        {
            "gen_ai.system": "openai",
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": "hello",
            "gen_ai.completion.0.content": "hi",
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.usage.prompt_tokens": 10,
            "gen_ai.usage.completion_tokens": 4,
            "gen_ai.request.model": "gpt-4",
        }
    )
    assert older["input"] == [{"role": "user", "content": "hello"}]
    assert (older["output"], older["kind"]) == ("hi", "llm")
    phoenix = fields_of(
        {
            "openinference.span.kind": "LLM",
            "llm.model_name": "llama",
            "llm.token_count.prompt": 7,
            "llm.token_count.completion": 2,
            "input.value": "hello",
            "output.value": "hi",
        }
    )
    assert (phoenix["model"], phoenix["input"], phoenix["input_tokens"]) == ("llama", "hello", 7)
    events = [
        ("gen_ai.user.message", 0.0, {"content": "hello"}),
        ("first token", 80.0, {}),
        ("gen_ai.choice", 1.0, {"message": "hi"}),
        ("exception", 2.0, {"exception.message": "late"}),
    ]
    told = fields_of({"gen_ai.operation.name": "execute_tool"}, events)
    assert told["input"] == [{"role": "user", "content": "hello"}]
    assert (told["output"], told["error"], told["first_token_ms"]) == ("hi", "late", 80.0)
    assert told["kind"] == "tool"


def export() -> Any:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.add(key="service.name").value.string_value = "helpdesk"
    scope = group.scope_spans.add()
    scope.scope.name = "instrumentation"
    span = scope.spans.add(
        trace_id=bytes(range(16)),
        span_id=bytes(range(8)),
        parent_span_id=bytes([9] * 8),
        name="chat gpt-4o",
        start_time_unix_nano=int(NOW * 1e9),
        end_time_unix_nano=int((NOW + 0.5) * 1e9),
    )
    span.attributes.add(key="gen_ai.operation.name").value.string_value = "chat"
    span.attributes.add(key="gen_ai.request.model").value.string_value = "gpt-4o"
    span.attributes.add(key="gen_ai.usage.input_tokens").value.int_value = 11
    span.attributes.add(key="ratio").value.double_value = 0.5
    span.attributes.add(key="tags").value.array_value.values.add().string_value = "a"
    span.status.code = 2
    span.status.message = "timed out"
    return request


def test_an_export_says_the_same_in_protobuf_and_in_json() -> None:
    from google.protobuf.json_format import MessageToDict

    request = export()
    (packed,) = items_of(request.SerializeToString(), PROTOBUF)
    plain = MessageToDict(request)
    for group in plain[
        "resourceSpans"
    ]:  # OTLP writes ids in hexadecimal, protobuf's JSON in base 64
        for span in group["scopeSpans"][0]["spans"]:
            span |= {
                "traceId": bytes(range(16)).hex(),
                "spanId": bytes(range(8)).hex(),
                "parentSpanId": bytes([9] * 8).hex(),
            }
    (written,) = items_of(json.dumps(plain).encode(), JSON)
    assert packed == written
    span = span_of(packed, NOW)
    assert (span.app, span.name, span.kind, span.model) == (
        "helpdesk", "chat gpt-4o", "llm", "gpt-4o",
    )  # fmt: skip
    assert (span.trace, span.parent) == (bytes(range(16)).hex(), "09" * 8)
    assert (span.time, span.ms, span.error) == (NOW, 500, "timed out")
    assert json.loads(span.attributes) == {
        "gen_ai.operation.name": "chat", "ratio": 0.5, "tags": ["a"],
    }  # fmt: skip


@pytest.mark.parametrize(("body", "kind"), [(b"{", JSON), (b"[]", JSON), (b"\xff\xff", PROTOBUF)])
def test_an_export_that_is_none_is_refused(body: bytes, kind: str) -> None:
    with pytest.raises(KeepwellError):
        list(items_of(body, kind))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.fixed_dictionaries({"spans": _json, "scope": _json}), max_size=2), _json)
def test_no_export_in_json_breaks_the_reader(scopes: list[Any], attributes: Any) -> None:
    spans = [
        {"attributes": attributes, "events": [{"attributes": attributes}], "status": attributes}
    ]
    body = {"resourceSpans": [{"scopeSpans": [*scopes, {"spans": spans}], "resource": attributes}]}
    for item in items_of(json.dumps(body).encode(), JSON):
        with contextlib.suppress(Unusable):
            assert span_of(item, NOW).app


def test_tokens_cost_what_their_model_costs() -> None:
    prices = [ModelPrice(model="m", input=2.0, output=10.0, cached=0.5)]
    span = Span(
        trace="t", id="s", app="a", time=0.0, kind="llm", model="m-2024", input_tokens=1000,
        output_tokens=100, cached_tokens=600,
    )  # fmt: skip
    assert cost_of(span, prices) == pytest.approx((400 * 2 + 600 * 0.5 + 100 * 10) / 1e6)
    assert cost_of(span, []) is None
    assert cost_of(Span(trace="t", id="s", app="a", time=0.0, kind="llm", cost=3.0), []) == 3.0
    assert cost_of(Span(trace="t", id="s", app="a", time=0.0, kind="chain", cost=3.0), []) is None
