"""Attributes of spans as instrumentations write them, read as fields of a step.

OpenTelemetry's semantic conventions for generative AI, in their present names and those before
(https://opentelemetry.io/docs/specs/semconv/gen-ai/), and OpenInference's, which Phoenix's instrumentations
write (https://github.com/Arize-ai/openinference). What no field holds stays among the attributes.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "model": (
        "gen_ai.response.model", "gen_ai.request.model", "llm.model_name", "embedding.model_name",
    ),
    "provider": ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system"),
    "input_tokens": (
        "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt",
        "llm.usage.prompt_tokens",
    ),
    "output_tokens": (
        "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion",
        "llm.usage.completion_tokens",
    ),
    "cached_tokens": (
        "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cached_tokens",
        "llm.token_count.prompt_details.cache_read",
    ),
    "cost": ("gen_ai.usage.cost", "llm.cost.total"),
    "session": ("gen_ai.conversation.id", "session.id"),
    "user": ("user.id", "enduser.id"),
    "input": (
        "gen_ai.input.messages", "gen_ai.prompt", "gen_ai.tool.call.arguments", "gen_ai.retrieval.query.text",
        "input.value", "traceloop.entity.input",
    ),
    "output": (
        "gen_ai.output.messages", "gen_ai.completion", "gen_ai.tool.call.result",
        "gen_ai.retrieval.documents", "output.value", "traceloop.entity.output",
    ),
}  # fmt: skip
_FIRST_CHUNK = (
    "gen_ai.response.time_to_first_chunk",
    "gen_ai.server.time_to_first_token",
)  # seconds
_OPERATIONS = {
    "chat": "llm",
    "text_completion": "llm",
    "generate_content": "llm",
    "embeddings": "embedding",
    "execute_tool": "tool",
    "retrieval": "retrieval",
    "invoke_agent": "agent",
    "create_agent": "agent",
    "invoke_workflow": "chain",
    "LLM": "llm",
    "EMBEDDING": "embedding",
    "TOOL": "tool",
    "RETRIEVER": "retrieval",
    "RERANKER": "retrieval",
    "AGENT": "agent",
    "CHAIN": "chain",
}
_SAID_BY_EVENT = {
    "gen_ai.content.prompt": ("input", "gen_ai.prompt"),
    "gen_ai.content.completion": ("output", "gen_ai.completion"),
}
_DETAILS = "gen_ai.client.inference.operation.details"
_ROLES = ("system", "user", "assistant", "tool")


def fields_of(
    attributes: Mapping[str, Any], events: Iterable[tuple[str, float, Mapping[str, Any]]] = ()
) -> dict[str, Any]:
    """Return the fields of a step, the rest of its attributes among them.

    Args:
        attributes: Of the span.
        events: Its events: name, milliseconds after its beginning, attributes.
    """
    left = dict(attributes)
    found: dict[str, Any] = {}
    events = list(events)
    for _, _, said in (one for one in events if one[0] == _DETAILS):
        left |= said
    for field, names in _FIELDS.items():
        values = [value for name in names if (value := left.pop(name, None)) not in (None, "")]
        if values:
            found[field] = values[0]
    _by_index(left, found)
    _by_events(events, found)
    found["kind"] = _kind(left, found)
    _texts(left, found)
    _numbers(left, found)
    error = left.pop("error.type", "") or left.pop("exception.message", "")
    if error:
        found["error"] = str(error)
    return {**found, "attributes": left}


def _texts(left: dict[str, Any], found: dict[str, Any]) -> None:
    system = left.pop("gen_ai.system_instructions", None)
    if system and "input" in found:
        found["input"] = {"system": _plain(system), "messages": _plain(found["input"])}
    for field in ("input", "output"):
        if field in found:
            found[field] = _readable(found[field])


def _numbers(left: dict[str, Any], found: dict[str, Any]) -> None:
    for name in _FIRST_CHUNK:
        seconds = left.pop(name, None)
        if isinstance(seconds, int | float):
            found["first_token_ms"] = float(seconds) * 1000
    for field in ("input_tokens", "output_tokens", "cached_tokens"):
        if field in found:
            found[field] = _count(found[field])
    if not isinstance(found.get("cost", 0.0), int | float):
        del found["cost"]


def _kind(left: dict[str, Any], found: Mapping[str, Any]) -> str:
    said = left.get("gen_ai.operation.name") or left.get("openinference.span.kind")
    said = said or str(left.get("traceloop.span.kind", "")).upper()
    known = _OPERATIONS.get(str(said))
    if known:
        return known
    return "llm" if "model" in found and "output_tokens" in found else "span"


def _by_index(left: dict[str, Any], found: dict[str, Any]) -> None:
    """Gather messages that are written one attribute each: `gen_ai.prompt.0.content`."""
    for field, prefixes in (
        ("input", ("gen_ai.prompt.", "llm.input_messages.")),
        ("output", ("gen_ai.completion.", "llm.output_messages.")),
    ):
        for prefix in prefixes:
            messages: dict[int, dict[str, Any]] = {}
            for name in [one for one in left if one.startswith(prefix)]:
                number, _, rest = name.removeprefix(prefix).partition(".")
                if number.isdigit() and rest:
                    word = rest.removeprefix("message.")
                    messages.setdefault(int(number), {})[word] = left.pop(name)
            if messages and (field not in found or prefix.startswith("llm.")):
                found[field] = [messages[number] for number in sorted(messages)]


def _by_events(
    events: Iterable[tuple[str, float, Mapping[str, Any]]], found: dict[str, Any]
) -> None:
    messages: list[dict[str, Any]] = []
    for name, ms, said in events:
        if name in _SAID_BY_EVENT:
            field, attribute = _SAID_BY_EVENT[name]
            found.setdefault(field, said.get(attribute))
        elif name == "gen_ai.choice":
            found.setdefault("output", said.get("message") or said.get("content"))
        elif name == "exception":
            words = said.get("exception.message") or said.get("exception.type")
            found.setdefault("error", str(words or "exception"))
        elif name.startswith("gen_ai.") and name.endswith(".message"):
            role = name.removeprefix("gen_ai.").removesuffix(".message")
            if role in _ROLES:
                messages.append({"role": role, **said})
        elif "first" in name and ("token" in name or "chunk" in name):
            found.setdefault("first_token_ms", ms)
    if messages:
        found.setdefault("input", messages)


def _plain(value: Any) -> Any:
    """Return what a text of JSON holds; other text, and what is no text, as it is."""
    if isinstance(value, str) and value[:1] in "[{":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _readable(value: Any) -> Any:
    """Return messages with `parts` as messages with `content`, and a single text as that text."""
    value = _plain(value)
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        return value
    messages = [_message(one) for one in value]
    only = messages[0] if len(messages) == 1 else {}
    if only.get("role") == "assistant" and set(only) <= {"role", "content", "finish_reason"}:
        return only.get("content", "")
    return messages


def _message(one: Mapping[str, Any]) -> dict[str, Any]:
    parts = one.get("parts")
    if not isinstance(parts, list):
        return dict(one)
    texts = [
        part.get("content", "")
        for part in parts
        if isinstance(part, Mapping) and part.get("type", "text") == "text"
    ]
    rest = [part for part in parts if isinstance(part, Mapping) and part.get("type") != "text"]
    made = {name: value for name, value in one.items() if name != "parts"}
    if texts:
        made["content"] = "\n".join(map(str, texts))
    return {**made, "parts": rest} if rest else made


def _count(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdecimal() else value
