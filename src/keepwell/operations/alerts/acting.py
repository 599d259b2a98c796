"""What a rule does besides telling: an incident, a retraining, more workers.

For an endpoint, a hit becomes a signal that the loop sees at its next look: it opens the incident, and
retrains within its own limits. What is about no endpoint has no loop: its incident is opened here, and
closed when it is over.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from keepwell.core.identifiers import new_id
from keepwell.core.records import Act, Alert, Decision, Entry, Hit, Incident, Scale, Signal
from keepwell.operations.loop.incidents import Incidents

RETRAINING_KIND = "alert_retrain"
"""Kind of the signal of a rule with `act: retrain`."""
_SEVERITY = {"info": 0.2, "warning": 0.5, "critical": 0.9}


def signals_of(hits: Iterable[Hit], endpoint: str, now: float) -> tuple[Signal, ...]:
    """Return what the loop is to see of hits at an endpoint."""
    return tuple(
        Signal(
            kind=RETRAINING_KIND if hit.act == "retrain" else "alert",
            endpoint=endpoint,
            version=0,
            column=hit.rule,
            value=hit.value if hit.value is not None else 1.0,
            limit=hit.limit if hit.limit is not None else 0.0,
            severity=_SEVERITY.get(hit.severity, 0.5),
            message=hit.message,
            since=hit.since,
            until=now,
        )
        for hit in hits
        if hit.endpoint == endpoint and hit.act in ("incident", "retrain")
    )


class Acting:
    """Does what alerts ask for, once each.

    Args:
        incidents: Where incidents are kept.
        scale: Reads how many workers there are to be, and changes it; None where nobody serves.
    """

    def __init__(
        self,
        incidents: Incidents,
        scale: tuple[Callable[[], Scale], Callable[[int, str], object]] | None = None,
    ) -> None:
        self._incidents = incidents
        self._scale = scale

    def follow(self, alert: Alert, now: float) -> Alert:
        """Return the alert with what was done for it; nothing is done twice."""
        if alert.status == "resolved":
            return self._undone(alert, now)
        for act, step in (("incident", self._open), ("retrain", _asked), ("scale", self._more)):
            hits = [hit for hit in alert.hits if hit.act == act]
            if hits:
                alert = step(alert, hits, now)
        return alert

    def _open(self, alert: Alert, hits: Sequence[Hit], now: float) -> Alert:
        if alert.endpoint or alert.incident:
            return alert
        incident = Incident(
            id=new_id(now),
            endpoint="",
            subject=alert.cause,
            title=alert.title,
            opened=now,
            detected=min((hit.since for hit in hits if hit.since), default=now),
            signals=tuple(_told(hit, now) for hit in hits),
            timeline=tuple(Entry(time=now, kind="signal", text=hit.message) for hit in hits),
        )
        self._incidents.write(
            _decision("open_incident", alert.title, incident, now), incident=incident
        )
        act = Act(time=now, text=f"opened the incident {incident.id}")
        return replace(alert, incident=incident.id, acts=(*alert.acts, act))

    def _more(self, alert: Alert, hits: Sequence[Hit], now: float) -> Alert:
        if self._scale is None or alert.restore:
            return alert
        read, change = self._scale
        before, wanted = read().workers, max(hit.workers for hit in hits)
        if before >= wanted:
            return alert
        change(wanted, f"alert {alert.id}: {alert.title}")
        act = Act(time=now, text=f"scaled from {before} to {wanted} workers")
        return replace(alert, restore=before, acts=(*alert.acts, act))

    def _undone(self, alert: Alert, now: float) -> Alert:
        if alert.incident:
            incident = self._incidents.get(alert.incident)
            if incident is not None and not incident.endpoint and incident.status != "closed":
                self._close(incident, now)
        if not alert.restore or self._scale is None:
            return alert
        read, change = self._scale
        raised = max((hit.workers for hit in alert.hits), default=0)
        if read().workers == raised:  # else somebody chose another number meanwhile
            change(alert.restore, f"alert {alert.id} is over")
            act = Act(time=now, text=f"scaled back to {alert.restore} workers")
            alert = replace(alert, acts=(*alert.acts, act))
        return replace(alert, restore=0)

    def _close(self, incident: Incident, now: float) -> None:
        reason = "what was wrong is right again"
        closed = replace(
            incident,
            status="closed",
            closed=now,
            resolution="recovered",
            summary=f"{incident.title}: {reason}.",
            timeline=(*incident.timeline, Entry(time=now, kind="verdict", text=reason)),
        )
        self._incidents.write(_decision("close", reason, closed, now), incident=closed)


def _asked(alert: Alert, hits: Sequence[Hit], now: float) -> Alert:
    text = "asked the loop for a retraining; it decides within its limits"
    if any(act.text == text for act in alert.acts):
        return alert
    return replace(alert, acts=(*alert.acts, Act(time=now, text=text)))


def _told(hit: Hit, now: float) -> Signal:
    return Signal(
        kind=hit.rule,
        endpoint="",
        version=0,
        value=hit.value if hit.value is not None else 1.0,
        limit=hit.limit if hit.limit is not None else 0.0,
        severity=_SEVERITY.get(hit.severity, 0.5),
        message=hit.message,
        since=hit.since,
        until=now,
    )


def _decision(action: str, reason: str, incident: Incident, now: float) -> Decision:
    return Decision(
        id=new_id(now),
        time=now,
        endpoint="",
        action=action,
        reason=reason,
        incident=incident.id,
        outcome="done",
    )
