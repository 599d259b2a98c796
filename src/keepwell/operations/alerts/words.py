"""What a message says: what, why, what is being done, and how to take it on."""

from keepwell.core.durations import format_duration
from keepwell.core.records import Alert, Incident

_KINDS = {
    "worse": "worse",
    "reminder": "still",
    "escalation": "nobody took it on",
    "flapping": "comes and goes",
}
_DOING = {
    "open": "The loop has not started anything for it.",
    "retraining": "A retraining is under way.",
    "rolling_out": "A candidate is being tried on live traffic.",
    "verifying": "A new champion serves; whether it helps is being watched.",
}
_CAUSES = 3


def title_of(alert: Alert, kind: str, incident: Incident | None) -> str:
    """Return the subject line."""
    about = alert.endpoint or alert.cause
    if kind == "resolved":
        failed = incident is not None and incident.resolution == "failed"
        return f"[{'not healed' if failed else 'resolved'}] {about}: {alert.title}"
    extra = f", {_KINDS[kind]}" if kind in _KINDS else ""
    return f"[{alert.severity}{extra}] {about}: {alert.title}"


def body_of(alert: Alert, kind: str, incident: Incident | None, now: float, url: str) -> str:
    """Return the text, in plain lines."""
    lines = [f"- {hit.message}" for hit in alert.hits]
    if kind == "resolved":
        lines.append(f"It lasted {format_duration(max(0.0, now - alert.opened))}.")
        if incident is not None and incident.summary:
            lines.append(incident.summary)
    elif incident is not None:
        causes = incident.causes[:_CAUSES]
        lines += [f"Likely cause ({one.score:.0%}): {one.title}. {one.evidence}" for one in causes]
        lines.append(_DOING.get(incident.status, incident.summary))
    if kind == "flapping":
        times = len(alert.flips)
        lines.append(f"It came back {times} times within an hour; its end is told once it is over.")
    lines += [f"Done: {act.text}" for act in alert.acts]
    if kind != "resolved":
        lines.append(f"Take it on: keepwell alerts ack {alert.id}")
    link = link_of(alert, url)
    return "\n".join([*filter(None, lines), *([link] if link else [])])


def link_of(alert: Alert, url: str) -> str:
    """Return the page about an alert; empty if nobody serves one."""
    if not url:
        return ""
    return f"{url}/incidents/{alert.incident}" if alert.incident else f"{url}/alerts"
