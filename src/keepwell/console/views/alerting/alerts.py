"""Alerts: what fires, what is silent, what was, and the channels."""

from typing import TYPE_CHECKING, Any

from keepwell.console.views.health import Health
from keepwell.core.records import Alert, Delivery

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

HISTORY = 50
_SEVERITIES = {
    "critical": Health(tone="bad", word="Critical"),
    "warning": Health(tone="watch", word="Warning"),
    "info": Health(tone="info", word="Info"),
}


def alerts(workspace: "Workspace") -> dict[str, Any]:
    """Return the context of `alerts.html`."""
    store = workspace.alerts.store
    found = store.alerts()
    firing = [one for one in found if one.status == "firing"]
    spec = workspace.spec.alerts
    return {
        "active": [(one, of_alert(one)) for one in firing if not one.silenced],
        "silenced": [(one, of_alert(one)) for one in firing if one.silenced],
        "silences": store.silences(),
        "history": [(one, of_alert(one)) for one in found if one.status == "resolved"][:HISTORY],
        "channels": [(one, of_channel(one.last)) for one in workspace.alerts.channels()],
        "own_channels": len(spec.channels),
        "rules": spec.rules,
        "endpoints": [one.name for one in workspace.endpoints.find()],
    }


def of_alert(alert: Alert) -> Health:
    """Return how an alert stands."""
    if alert.status == "resolved":
        return Health(tone="good", word="Resolved")
    if alert.flapping:
        return Health(tone="watch", word="Comes and goes")
    if alert.acknowledged is not None:
        return Health(tone="info", word="Taken on", working=True)
    return _SEVERITIES.get(alert.severity, _SEVERITIES["warning"])


def of_channel(last: Delivery | None) -> Health:
    """Return how a channel fares, by its newest message."""
    if last is None:
        return Health(tone="quiet", word="Not tried yet")
    if last.status == "sent":
        return Health(tone="good", word="Works")
    if not last.attempts:
        return Health(tone="info", word="Sending", working=True)
    return Health(tone="bad", word="Does not answer", detail=last.attempts[-1].error)
