"""What all forms have in common: reading with care what a stranger has sent."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from keepwell.core.errors import InvalidDataError
from keepwell.core.records.notice import Notice

Form = Callable[[Mapping[str, Any], float], list[Notice]]
"""Returns the alerts of a body that came at a time.

Raises `InvalidDataError` if it is none of that system's.
"""

LONGEST = 500
MOST = 1_000
"""Alerts of one body."""

SEVERITIES = {
    "critical": 0.9, "emergency": 0.9, "alert": 0.9, "page": 0.9, "high": 0.9, "error": 0.8,
    "p1": 0.9, "p2": 0.8, "p3": 0.6, "p4": 0.4, "p5": 0.3, "low": 0.4,
    "warning": 0.6, "warn": 0.6, "info": 0.3, "information": 0.3, "none": 0.1,
}  # fmt: skip
_ENDPOINT = ("keepwell_endpoint", "endpoint", "model")
_HOST = ("instance", "host", "hostname", "node")


def severity_of(word: Any, otherwise: float = 0.6) -> float:
    """Return how grave a word is."""
    return SEVERITIES.get(str(word).strip().lower(), otherwise)


def text_of(value: Any, otherwise: str = "") -> str:
    """Return a short text, on one line."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return otherwise
    return " ".join(str(value).encode("utf-8", "replace").decode().split())[:LONGEST] or otherwise


def labels_of(value: Any) -> dict[str, str]:
    """Return labels: an object of plain values."""
    if not isinstance(value, Mapping):
        return {}
    return {text_of(name): text for name, one in list(value.items())[:50] if (text := text_of(one))}


def tags_of(value: Any) -> dict[str, str]:
    """Return tags, `name:value`, as a list or with commas between them."""
    words = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else ()
    pairs = (text_of(word).partition(":") for word in words[:50])
    return {name.strip(): rest.strip() for name, _, rest in pairs if name.strip()}


def endpoint_of(labels: Mapping[str, str]) -> str:
    """Return the endpoint that labels name; empty if none."""
    return next((labels[name] for name in _ENDPOINT if labels.get(name)), "")


def host_of(labels: Mapping[str, str]) -> str:
    """Return the machine that labels name, without a port; empty if none."""
    found = next((labels[name] for name in _HOST if labels.get(name)), "")
    host, colon, port = found.rpartition(":")
    return host if colon and port.isdecimal() else found


def time_of(value: Any, otherwise: float) -> float:
    """Return a time as Unix seconds: ISO 8601, seconds or milliseconds."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value) / 1000 if value > 1e11 else float(value)  # noqa: PLR2004 (the year 5138)
        return seconds if 0 < seconds <= otherwise + 86_400 else otherwise
    try:
        moment = datetime.fromisoformat(value)
        found = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return otherwise
    return found if found > 0 else otherwise


def name_of(*parts: str) -> str:
    """Return a name that is the same for the same parts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def listed(value: Any, what: str, why: str) -> Sequence[Any]:
    """Return a list of objects.

    Raises:
        InvalidDataError: If it is none.
    """
    if isinstance(value, list) and all(isinstance(one, Mapping) for one in value):
        if len(value) > MOST:
            raise wrong(f"{len(value):,} alerts in one body", f"at most {MOST:,} are taken")
        return value
    raise wrong(what, why)


def wrong(what: str, why: str) -> InvalidDataError:
    """Return the refusal of a body."""
    return InvalidDataError(
        what, why=why, now="see how to set that system up: docs/how-to/connect-other-tools.md"
    )
