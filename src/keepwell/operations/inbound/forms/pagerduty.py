"""PagerDuty's webhooks, version 3."""

from collections.abc import Mapping
from typing import Any

from keepwell.core.records.notice import Notice
from keepwell.operations.inbound.forms.base import (
    endpoint_of,
    host_of,
    labels_of,
    severity_of,
    text_of,
    time_of,
    wrong,
)

_OVER = "incident.resolved"


def read_pagerduty(body: Mapping[str, Any], now: float) -> list[Notice]:
    """Return the incident's notice; none for events of other kinds, such as the ping of a new webhook."""
    event = body.get("event")
    kind = text_of(event.get("event_type")) if isinstance(event, Mapping) else ""
    if not isinstance(event, Mapping) or not kind:
        raise wrong(
            "this is no event of PagerDuty",
            'its webhooks (version 3) send {"event": {"event_type": "incident.triggered", "data": {…}}}',
        )
    data = event.get("data")
    if not kind.startswith("incident.") or not isinstance(data, Mapping):
        return []
    identifier, title = text_of(data.get("id")), text_of(data.get("title"))
    if not identifier:
        raise wrong("the incident has no id", "event.data.id names a PagerDuty incident")
    details = data.get("body")
    told = labels_of(details.get("details")) if isinstance(details, Mapping) else {}
    service = data.get("service")
    named = text_of(service.get("summary")) if isinstance(service, Mapping) else ""
    labels = {
        **labels_of(data.get("custom_fields")),
        **told,
        **({"service": named} if named else {}),
    }
    priority = data.get("priority")
    word = priority.get("summary") if isinstance(priority, Mapping) else data.get("urgency")
    return [
        Notice(
            source="pagerduty",
            alert=identifier,
            title=title or f"incident {identifier}",
            message=text_of(data.get("description")),
            severity=severity_of(word, severity_of(data.get("urgency"))),
            endpoint=endpoint_of(labels) or named,
            host=host_of(labels),
            url=text_of(data.get("html_url")),
            labels=labels,
            began=time_of(data.get("created_at"), now),
            told=now,
            resolved=time_of(event.get("occurred_at"), now) if kind == _OVER else None,
        )
    ]
