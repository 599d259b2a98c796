"""Who is told of an alert now, and of what: first news, worse news, reminders, escalation, the end."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from keepwell.core.alerting import AlertsSpec, rank
from keepwell.core.records import Alert, Delivery, Hit, Incident
from keepwell.operations.alerts.words import body_of, link_of, title_of

LOG = "log"
"""The channel that is always there."""
FLIPS = 3
"""Comings back within an hour that make an alert flap."""


def tell(
    before: Alert | None,
    alert: Alert,
    incident: Incident | None,
    spec: AlertsSpec,
    now: float,
    url: str,
) -> tuple[Alert, list[Delivery]]:
    """Return the alert with what people know now, and the messages that make them know it."""
    said: list[tuple[str, tuple[str, ...]]] = []
    if alert.status == "resolved":
        if alert.told and not alert.silenced and (before is None or before.status == "firing"):
            said.append(("resolved", alert.told))
        alert = replace(alert, flapping=False)
    elif _may_tell(alert, spec, now):
        alert, said = _news(alert, spec, now)
    messages = []
    for kind, channels in said:
        alert = replace(alert, stage=alert.stage + 1, notified=now)
        messages += [_message(alert, incident, kind, one, now, url) for one in channels]
    return alert, messages


def _may_tell(alert: Alert, spec: AlertsSpec, now: float) -> bool:
    return has_gathered(alert, spec, now) and not alert.silenced and alert.quiet is None


def has_gathered(alert: Alert, spec: AlertsSpec, now: float) -> bool:
    """Tell whether an alert has waited for what belongs to it; one that flaps has since it began to."""
    back = alert.flips[FLIPS - 1 :][:1] if alert.flapping else alert.flips[-1:]
    return now - (back[0] if back else alert.opened) >= spec.wait


def _news(
    alert: Alert, spec: AlertsSpec, now: float
) -> tuple[Alert, list[tuple[str, tuple[str, ...]]]]:
    said: list[tuple[str, tuple[str, ...]]] = []
    told = alert.told
    fresh = tuple(one for one in channels_of(alert.hits, spec) if one not in told)
    if fresh:
        said.append(("flapping" if alert.flapping else "firing", fresh))
    if told and rank(alert.severity) > rank(alert.level):
        said.append(("worse", told))
        alert = replace(
            alert, acknowledged=None, acknowledged_by="", note="", escalated=0, first_notified=now
        )
    reminded = spec.repeat > 0 and now - alert.notified >= spec.repeat
    if not said and told and reminded and alert.acknowledged is None and not alert.flapping:
        said.append(("reminder", told))
    first = alert.first_notified or now
    alert = replace(
        alert,
        told=(*told, *fresh),
        first_notified=first,
        level=alert.severity if said else alert.level,
    )
    steps = spec.escalate[alert.escalated :]
    if alert.acknowledged is None and steps and now - first >= steps[0].after:
        said.append(("escalation", steps[0].to))
        known = (*alert.told, *(one for one in steps[0].to if one not in alert.told))
        alert = replace(alert, escalated=alert.escalated + 1, told=known)
    return alert, said


def channels_of(hits: Iterable[Hit], spec: AlertsSpec) -> tuple[str, ...]:
    """Return who is to be told of hits: whom their rule names, else the first route that fits."""
    found: dict[str, None] = {}
    for hit in hits:
        found |= dict.fromkeys(hit.to or _routed(hit, spec))
    return tuple(found)


def _routed(hit: Hit, spec: AlertsSpec) -> Sequence[str]:
    for route in spec.routes:
        fits = route.endpoint in ("", hit.endpoint) and route.rule in ("", hit.rule)
        if fits and rank(hit.severity) >= rank(route.severity):
            return route.to
    if spec.routes:
        return (LOG,)
    return [one.name for one in spec.channels] or (LOG,)


def _message(
    alert: Alert, incident: Incident | None, kind: str, channel: str, now: float, url: str
) -> Delivery:
    return Delivery(
        id=f"{alert.id}/{alert.stage}/{channel}",
        alert=alert.id,
        channel=channel,
        kind=kind,
        title=title_of(alert, kind, incident),
        body=body_of(alert, kind, incident, now, url),
        severity=alert.severity,
        created=now,
        due=now,
        endpoint=alert.endpoint,
        incident=alert.incident,
        link=link_of(alert, url),
    )
