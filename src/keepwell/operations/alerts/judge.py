"""The heart of alerting: what is told to whom now. Pure: nothing is asked for, nothing happens.

    alerts as they were + hits + silences + incidents + the time  ->  alerts as they are, messages to send

Laws: the same arguments give the same answer. Hits of one cause are one alert. A message has a key made of
alert, stage and channel, so that nothing is told twice by deciding it twice. What falls under a silence,
or comes and goes, is followed but not told.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from keepwell.core.alerting import AlertsSpec, rank
from keepwell.core.records import Alert, Delivery, Hit, Incident, Silence
from keepwell.operations.alerts.telling import FLIPS, tell

REOPEN_SECONDS = 3600.0
"""An alert that comes back within it is the same one."""
FLAPPING_HOLD = 10.0
"""How many times longer one that flaps must be quiet."""
_GROWN = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What has changed, and what is to be sent."""

    alerts: tuple[Alert, ...] = ()
    deliveries: tuple[Delivery, ...] = ()


def judge(  # noqa: PLR0913 (a pure function is told everything)
    alerts: Sequence[Alert],
    hits: Iterable[Hit],
    *,
    silences: Sequence[Silence],
    incidents: Mapping[str, Incident],
    spec: AlertsSpec,
    now: float,
    identify: Callable[[], str],
    url: str = "",
) -> Judged:
    """Return which alerts changed, and the messages that follow.

    Args:
        alerts: Those that fire, and those that were resolved lately.
        hits: What the rules find at present.
        silences: All that are known.
        incidents: Those that alerts and hits name.
        spec: The project's section.
        now: Unix seconds.
        identify: Gives an id for a new alert.
        url: Where the console is; for links.
    """
    groups: dict[str, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(hit.cause, []).append(hit)
    known: dict[str, Alert] = {}
    for alert in sorted(alerts, key=lambda one: (one.status == "firing", one.opened)):
        lately = alert.resolved is not None and now - alert.resolved < REOPEN_SECONDS
        if alert.status == "firing" or lately:
            known[alert.cause] = alert
    changed: list[Alert] = []
    deliveries: list[Delivery] = []
    for cause in dict.fromkeys((*groups, *known)):
        before = known.get(cause)
        after = _followed(before, groups.get(cause, ()), spec, now, identify)
        if after is None:
            continue
        after = _known_to_people(after, silences, incidents, now)
        after, messages = tell(before, after, incidents.get(after.incident), spec, now, url)
        if after != before:
            changed.append(after)
        deliveries += messages
    return Judged(alerts=tuple(changed), deliveries=tuple(deliveries))


def _followed(
    before: Alert | None,
    hits: Sequence[Hit],
    spec: AlertsSpec,
    now: float,
    identify: Callable[[], str],
) -> Alert | None:
    """Return the alert with what is found now; None if there is none."""
    if not hits:
        if before is None or before.status != "firing":
            return None
        return _calmer(before, spec, now)
    if before is None:
        first = hits[0]
        alert = Alert(
            id=identify(),
            cause=first.cause,
            title=first.message,
            severity=first.severity,
            endpoint=first.endpoint,
            opened=now,
        )
    elif before.status == "firing":
        alert = replace(before, quiet=None) if before.quiet is not None else before
    else:
        alert = _back(before, now)
    return _with(alert, hits)


def _calmer(alert: Alert, spec: AlertsSpec, now: float) -> Alert:
    if alert.quiet is None:
        alert = replace(alert, quiet=now)
    hold = spec.hold * (FLAPPING_HOLD if alert.flapping else 1.0) if alert.told else 0.0
    if now - (alert.quiet if alert.quiet is not None else now) < hold:
        return alert
    return replace(alert, status="resolved", resolved=now)


def _back(alert: Alert, now: float) -> Alert:
    """Return an alert that fires again."""
    flips = (*(time for time in alert.flips if now - time < REOPEN_SECONDS), now)
    return replace(
        alert,
        status="firing",
        resolved=None,
        quiet=None,
        hits=(),
        told=(),
        level="",
        escalated=0,
        acknowledged=None,
        acknowledged_by="",
        note="",
        incident="",
        first_notified=0.0,
        flips=flips,
        flapping=len(flips) >= FLIPS,
    )


def _with(alert: Alert, hits: Sequence[Hit]) -> Alert:
    merged = {hit.key: hit for hit in alert.hits}
    for hit in hits:
        known = merged.get(hit.key)
        if known is None:
            merged[hit.key] = hit
        elif rank(hit.severity) > rank(known.severity) or _grown(known, hit):
            merged[hit.key] = replace(hit, since=known.since)
    gravest = max(merged.values(), key=lambda hit: (rank(hit.severity), bool(hit.incident)))
    incident = next((hit.incident for hit in reversed(merged.values()) if hit.incident), "")
    return replace(
        alert,
        hits=tuple(merged.values()),
        severity=gravest.severity,
        title=gravest.message,
        incident=incident or alert.incident,
    )


def _grown(known: Hit, hit: Hit) -> bool:
    if known.value is None or hit.value is None:
        return False
    return abs(hit.value) > _GROWN * abs(known.value)


def _known_to_people(
    alert: Alert, silences: Sequence[Silence], incidents: Mapping[str, Incident], now: float
) -> Alert:
    """Return the alert with the silence that covers it, and with its incident's acknowledgement."""
    silence = next((one.id for one in silences if one.covers(alert, now)), "")
    alert = alert if alert.silenced == silence else replace(alert, silenced=silence)
    incident = incidents.get(alert.incident)
    taken = None if incident is None else incident.acknowledged
    if incident is None or taken is None or alert.acknowledged is not None:
        return alert
    if taken < max(
        alert.first_notified, incident.back or 0.0
    ):  # it grew worse, or came back, since
        return alert
    return replace(alert, acknowledged=taken, acknowledged_by=incident.acknowledged_by)
