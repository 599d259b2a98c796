"""Anybody who can post JSON."""

from collections.abc import Mapping
from typing import Any

from keepwell.core.errors import UsageError
from keepwell.core.records.notice import Notice
from keepwell.core.suggestions import did_you_mean
from keepwell.operations.inbound.forms.base import (
    labels_of,
    listed,
    name_of,
    severity_of,
    text_of,
    time_of,
    wrong,
)

FIELDS = (
    "id", "title", "message", "severity", "endpoint", "host", "url", "labels", "time", "resolved",
)  # fmt: skip
_FORM = '{"title": "…"} and, if known, id, message, severity, endpoint, host, url, labels, time, resolved'


def read_generic(body: Mapping[str, Any], now: float) -> list[Notice]:
    """Return one notice, or one for each of `alerts`."""
    alerts = body.get("alerts")
    items = [body] if alerts is None else listed(alerts, "'alerts' is no list", f"each is {_FORM}")
    return [_notice(item, now) for item in items]


def _notice(item: Mapping[str, Any], now: float) -> Notice:
    unknown = [str(name) for name in item if name not in FIELDS]
    if unknown:
        raise UsageError(
            f"an alert has no '{unknown[0]:.80}'",
            why=f"it is {_FORM}",
            now=did_you_mean(unknown[0], FIELDS) or "put it into labels",
        )
    title = text_of(item.get("title"))
    if not title:
        raise wrong("an alert without a title", f"it is {_FORM}")
    severity, resolved = item.get("severity"), item.get("resolved", False)
    grave = severity_of(severity)
    if isinstance(severity, int | float):
        grave = float(severity)
    if not 0 <= grave <= 1:
        raise wrong(f"the severity is {severity!r:.80}", "it is a word such as critical, or 0 to 1")
    if not isinstance(resolved, bool):
        raise wrong(f"'resolved' is {resolved!r:.80}", "it is true or false")
    endpoint, host = text_of(item.get("endpoint")), text_of(item.get("host"))
    return Notice(
        source="generic",
        alert=text_of(item.get("id")) or name_of(title, endpoint, host),
        title=title,
        message=text_of(item.get("message")),
        severity=grave,
        endpoint=endpoint,
        host=host,
        url=text_of(item.get("url")),
        labels=labels_of(item.get("labels")),
        began=time_of(item.get("time"), now),
        told=now,
        resolved=now if resolved else None,
    )
