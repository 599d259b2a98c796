"""From what a program hands in to a step of a trace: everything is checked, nothing is guessed twice."""

import hashlib
import json
import math
import secrets
from collections.abc import Mapping
from typing import Any

from keepwell.core.errors import InvalidRequestError
from keepwell.monitoring.elsewhere.posted import Unusable, seconds_of
from keepwell.monitoring.traces.span import KINDS, Span

FORM = '{"app": "…", "name": "…", "kind": "llm", "time": …, "ms": …, "model": "…", "input": …, "output": …}'
AHEAD = 86_400.0
LONGEST = 1 << 20
"""Characters of a prompt or an answer that are kept; the rest is cut off."""

TEXTS = ("name", "model", "provider", "error", "user", "session")
TOKENS = ("input_tokens", "output_tokens", "cached_tokens")
FIELDS = {
    "trace", "id", "parent", "app", "kind", "time", "ms", "first_token_ms", "input", "output", "cost",
    "attributes", "caller", *TEXTS, *TOKENS,
}  # fmt: skip
_TRACE, _SPAN = 32, 16
_HEX = set("0123456789abcdef")


def span_of(item: Any, now: float, *, app: str = "", caller: str = "") -> Span:
    """Return a step from its posted form.

    Args:
        item: See `FIELDS`. Without a trace it is one of its own; with an id of any other form that is hashed.
        now: The present.
        app: The application, unless the item says.
        caller: Who hands it in.

    Raises:
        Unusable: If it cannot be used; says why.
    """
    if not isinstance(item, Mapping):
        raise Unusable(f"it is {item!r:.80}, not an object")
    if strange := sorted(item.keys() - FIELDS):
        raise Unusable(f"it has an unknown field '{strange[0]}'")
    named = item.get("app") or app
    if not isinstance(named, str) or not named.strip():
        raise Unusable("it has no 'app': the application that it belongs to")
    kind = item.get("kind") or ("llm" if item.get("model") else "span")
    if kind not in KINDS:
        raise Unusable(f"its 'kind' is {kind!r:.40}; known are {', '.join(KINDS)}")
    time = now if item.get("time") is None else seconds_of(item["time"])
    if time > now + AHEAD:
        raise Unusable(f"its 'time' lies {time - now:,.0f} seconds ahead: set the sender's clock")
    attributes = item.get("attributes") or {}
    if not isinstance(attributes, Mapping):
        raise Unusable(f"its 'attributes' are {attributes!r:.60}, not an object")
    return Span(
        trace=_identifier(item.get("trace"), _TRACE) or new_trace(),
        id=_identifier(item.get("id"), _SPAN) or new_span(),
        parent=_identifier(item.get("parent"), _SPAN),
        app=named.strip()[:200],
        kind=kind,
        time=time,
        ms=_amount(item, "ms") or 0.0,
        first_token_ms=_amount(item, "first_token_ms"),
        input=content(item.get("input")),
        output=content(item.get("output")),
        cost=_amount(item, "cost"),
        attributes=as_json(attributes),
        caller=str(item.get("caller") or caller)[:200],
        input_tokens=_count(item, "input_tokens"),
        output_tokens=_count(item, "output_tokens"),
        cached_tokens=_count(item, "cached_tokens"),
        name=_text(item, "name") or str(kind),
        model=_text(item, "model"),
        provider=_text(item, "provider"),
        error=_text(item, "error"),
        user=_text(item, "user"),
        session=_text(item, "session"),
    )


def new_trace() -> str:
    """Return a fresh trace id."""
    return secrets.token_hex(16)


def new_span() -> str:
    """Return a fresh id of a step."""
    return secrets.token_hex(8)


def content(value: Any) -> str:
    """Return a prompt or an answer as text: text as it is, everything else as JSON."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else as_json(value)
    return _whole(text if len(text) <= LONGEST else f"{text[:LONGEST]} …")


def as_json(value: Any) -> str:
    """Return anything as JSON; what JSON has no word for as text."""
    return _whole(json.dumps(value, ensure_ascii=False, default=str))


def wrong(at: int, why: str) -> InvalidRequestError:
    """Return the refusal of a step."""
    return InvalidRequestError(
        f"spans[{at}] cannot be used: {why}",
        why=f"a step of a trace is {FORM}",
        now="correct it and send them again; none of them was kept",
        details={"index": at},
    )


def _identifier(value: Any, digits: int) -> str:
    """Return an id in hexadecimal; one of another form becomes a hash of it, the same every time."""
    if value is None or value == "":
        return ""
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise Unusable(f"an id is {value!r:.60}, not a text")
    text = str(value).lower()
    if len(text) == digits and set(text) <= _HEX:
        return text
    return hashlib.blake2b(_whole(str(value)).encode(), digest_size=digits // 2).hexdigest()


def _amount(item: Mapping[str, Any], name: str) -> float | None:
    value = item.get(name)
    if value is None:
        return None
    good = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        number = float(value) if good else math.nan
    except OverflowError:
        number = math.inf
    if not (math.isfinite(number) and number >= 0):
        raise Unusable(f"its '{name}' is {value!r:.40}, not a number of at least 0")
    return number


def _count(item: Mapping[str, Any], name: str) -> int | None:
    number = _amount(item, name)
    if number is not None and number >= 1 << 62:
        raise Unusable(f"its '{name}' is beyond counting")
    return None if number is None else int(number)


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    if value is None:
        return ""
    if not isinstance(value, str | int | float):
        raise Unusable(f"its '{name}' is {value!r:.60}, not a text")
    return _whole(str(value))[:2000]


def _whole(text: str) -> str:
    """Return text without halves of surrogate pairs, which no file can hold."""
    return text.encode("utf-8", "replace").decode()
