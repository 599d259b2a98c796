"""Datadog's webhook integration, with the payload that the how-to shows."""

from collections.abc import Mapping
from typing import Any

from keepwell.core.records.notice import Notice
from keepwell.operations.inbound.forms.base import (
    endpoint_of,
    host_of,
    name_of,
    severity_of,
    tags_of,
    text_of,
    time_of,
    wrong,
)

_OVER = {"recovered", "success", "ok", "resolved"}


def read_datadog(body: Mapping[str, Any], now: float) -> list[Notice]:
    """Return the monitor's notice."""
    title = text_of(body.get("title")) or text_of(body.get("event_title"))
    kind = text_of(body.get("transition")) or text_of(body.get("alert_transition"))
    if not title or not kind:
        raise wrong(
            "this is no alert of Datadog",
            "its payload has a title ($EVENT_TITLE) and a transition ($ALERT_TRANSITION)",
        )
    tags = tags_of(body.get("tags"))
    host = text_of(body.get("host")) or text_of(body.get("hostname"))
    over = kind.lower() in _OVER
    return [
        Notice(
            source="datadog",
            alert=text_of(body.get("alert_id")) or name_of(title, *sorted(tags)),
            title=title,
            message=text_of(body.get("message")) or text_of(body.get("body")),
            severity=severity_of(
                body.get("priority"), severity_of(body.get("type") or body.get("alert_type"))
            ),
            endpoint=endpoint_of(tags),
            host=host or host_of(tags),
            url=text_of(body.get("url")) or text_of(body.get("link")),
            labels=tags,
            began=time_of(body.get("date"), now),
            told=now,
            resolved=now if over else None,
        )
    ]
