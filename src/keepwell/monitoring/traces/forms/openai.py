"""A call as OpenAI's API has it: the request's body, and the answer's, as they went over the wire.

{"app": "helpdesk", "request": {"model": "gpt-4o-mini", "messages": […]},
 "response": {"choices": […], "usage": {…}}, "ms": 812, "first_token_ms": 190}
"""

from collections.abc import Mapping
from typing import Any

from keepwell.monitoring.elsewhere.posted import Unusable

_BESIDE = {
    "app", "trace", "id", "parent", "name", "time", "ms", "first_token_ms", "cost", "error", "user",
    "session", "provider", "attributes",
}  # fmt: skip
_SETTINGS = (
    "temperature", "top_p", "max_tokens", "max_completion_tokens", "max_output_tokens", "seed", "stream",
    "tool_choice", "response_format", "reasoning_effort",
)  # fmt: skip


def item_of(call: Any) -> dict[str, Any]:
    """Return a call as an item of `posted.span_of`.

    Raises:
        Unusable: If it is none.
    """
    if not isinstance(call, Mapping):
        raise Unusable(f"it is {call!r:.80}, not an object")
    request, response = call.get("request"), call.get("response") or {}
    if not isinstance(request, Mapping) or not isinstance(response, Mapping):
        raise Unusable("it has no 'request': the body that the model was asked with")
    if strange := sorted(call.keys() - _BESIDE - {"request", "response"}):
        raise Unusable(f"it has an unknown field '{strange[0]}'")
    item = {name: value for name, value in call.items() if name in _BESIDE}
    told = item.get("attributes") or {}
    attributes = {
        **{name: request[name] for name in _SETTINGS if request.get(name) is not None},
        **({"response_id": response["id"]} if response.get("id") else {}),
        **({"finish": finish} if (finish := _finish(response)) else {}),
        **(told if isinstance(told, Mapping) else {}),
    }
    failed = response.get("error")
    return {
        **item,
        "kind": "embedding" if _embeds(request, response) else "llm",
        "name": item.get("name") or str(request.get("model") or "call"),
        "model": response.get("model") or request.get("model"),
        "input": _asked(request),
        "output": _said(response),
        "error": item.get("error") or (_words(failed) if failed else ""),
        "user": item.get("user") or request.get("user"),
        "time": item.get("time", _created(response, item.get("ms"))),
        **_usage(response.get("usage")),
        "attributes": attributes,
    }


def _asked(request: Mapping[str, Any]) -> Any:
    """Return the prompt: messages with their tools, `input` and `instructions`, or a bare `prompt`."""
    asked = next(
        (request[name] for name in ("messages", "input", "prompt") if name in request), None
    )
    if isinstance(asked, list) and request.get("instructions"):
        return [{"role": "system", "content": request["instructions"]}, *asked]
    return asked


def _said(response: Mapping[str, Any]) -> Any:
    """Return the answer: the text alone where there is one, tool calls and the like as they are."""
    choices = response.get("choices")
    if isinstance(choices, list) and choices:
        said = [_of_choice(one) for one in choices if isinstance(one, Mapping)]
        return said[0] if len(said) == 1 else said
    if response.get("output_text"):
        return response["output_text"]
    output = response.get("output")
    if isinstance(output, list):
        texts = [
            part.get("text", "")
            for one in output
            if isinstance(one, Mapping) and one.get("type") == "message"
            for part in one.get("content") or ()
            if isinstance(part, Mapping)
        ]
        return "".join(map(str, texts)) or output
    return output


def _of_choice(choice: Mapping[str, Any]) -> Any:
    message = choice.get("message")
    if not isinstance(message, Mapping):
        return choice.get("text", choice)
    return message if message.get("tool_calls") else message.get("content")


def _usage(usage: Any) -> dict[str, Any]:
    """Return the tokens, by the names of chat completions or of responses."""
    if not isinstance(usage, Mapping):
        return {}
    details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
    return {
        "input_tokens": usage.get("prompt_tokens", usage.get("input_tokens")),
        "output_tokens": usage.get("completion_tokens", usage.get("output_tokens")),
        "cached_tokens": details.get("cached_tokens") if isinstance(details, Mapping) else None,
    }


def _created(response: Mapping[str, Any], ms: Any) -> float | None:
    """Return when the call began, as far as the answer tells when it was made."""
    made = response.get("created", response.get("created_at"))
    if not isinstance(made, int | float) or isinstance(made, bool):
        return None
    return float(made) - (ms / 1000 if isinstance(ms, int | float) else 0.0)


def _finish(response: Mapping[str, Any]) -> Any:
    choices = response.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], Mapping):
        return choices[0].get("finish_reason")
    return response.get("status")


def _embeds(request: Mapping[str, Any], response: Mapping[str, Any]) -> bool:
    data = response.get("data")
    first = data[0] if isinstance(data, list) and data else None
    if isinstance(first, Mapping) and "embedding" in first:
        return True
    return "input" in request and "embedding" in str(request.get("model", ""))


def _words(failed: Any) -> str:
    return str(failed.get("message") or failed) if isinstance(failed, Mapping) else str(failed)
