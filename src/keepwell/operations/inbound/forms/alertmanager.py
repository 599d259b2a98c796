"""Prometheus Alertmanager, webhook version 4 (Grafana's alerting sends the same)."""

from collections.abc import Mapping
from typing import Any

from keepwell.core.records.notice import Notice
from keepwell.operations.inbound.forms.base import (
    endpoint_of,
    host_of,
    labels_of,
    listed,
    name_of,
    severity_of,
    text_of,
    time_of,
    wrong,
)


def read_alertmanager(body: Mapping[str, Any], now: float) -> list[Notice]:
    """Return a notice for each alert of the group."""
    alerts = listed(
        body.get("alerts"),
        "'alerts' is no list of alerts",
        'Alertmanager sends {"alerts": [{"status": "firing", "labels": {…}}]}',
    )
    return [_notice(alert, at, now) for at, alert in enumerate(alerts)]


def _notice(alert: Mapping[str, Any], at: int, now: float) -> Notice:
    labels, notes = labels_of(alert.get("labels")), labels_of(alert.get("annotations"))
    status = alert.get("status")
    if not labels.get("alertname") or status not in ("firing", "resolved"):
        raise wrong(
            f"alerts[{at}] is no alert of Alertmanager",
            "each has a status, firing or resolved, and a label alertname",
        )
    known = sorted(f"{name}={value}" for name, value in labels.items())
    return Notice(
        source="alertmanager",
        alert=text_of(alert.get("fingerprint")) or name_of(*known),
        title=labels["alertname"],
        message=notes.get("summary") or notes.get("description", ""),
        severity=severity_of(labels.get("severity")),
        endpoint=endpoint_of(labels),
        host=host_of(labels),
        url=text_of(alert.get("generatorURL")),
        labels=labels,
        began=time_of(alert.get("startsAt"), now),
        told=now,
        resolved=time_of(alert.get("endsAt"), now) if status == "resolved" else None,
    )
