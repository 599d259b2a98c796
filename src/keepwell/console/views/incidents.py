"""What went wrong: the list, and one incident with its causes, decisions and evidence."""

from typing import TYPE_CHECKING, Any

from keepwell.console.views import health
from keepwell.console.views.alerting.alerts import of_alert
from keepwell.core.records import Decision, Incident
from keepwell.operations.incidents.surroundings import timeline_of

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

PAGE = 100


def incidents(workspace: "Workspace") -> dict[str, Any]:
    """Return the context of `incidents.html`."""
    found = sorted(workspace.incidents.find(), key=lambda item: -item.opened)
    now = workspace.clock.now()
    return {
        "rows": [
            (item, health.of_incident(item), max(0.0, (item.closed or now) - item.opened))
            for item in found[:PAGE]
        ],
        "hidden": max(0, len(found) - PAGE),
        "open": sum(item.status != "closed" for item in found),
    }


def incident(workspace: "Workspace", identifier: str) -> dict[str, Any]:
    """Return the context of `incident.html`."""
    found = workspace.incidents.read(identifier)
    now = workspace.clock.now()
    around = workspace.surveyor.around(found, now)
    return {
        "incident": found,
        "around": around,
        "timeline": timeline_of(found, around),
        "alerts": [
            (one, of_alert(one))
            for one in workspace.alerts.store.alerts()
            if one.incident == found.id
        ],
        "health": health.of_incident(found),
        "lasted": max(0.0, (found.closed or now) - found.opened),
        "noticed": found.opened - found.detected if found.detected else None,
        "decisions": decisions_about(workspace, found),
        "rollout": _rollout(workspace, found),
        "model": _model(workspace, found),
        "worst": max(found.signals, key=lambda item: item.severity, default=None),
    }


def decisions_about(workspace: "Workspace", incident: Incident) -> list[Decision]:
    """Return the decisions of an incident, oldest first."""
    found = [item for item in workspace.incidents.decisions() if item.incident == incident.id]
    return sorted(found, key=lambda item: item.time)


def _rollout(workspace: "Workspace", incident: Incident) -> Any:
    if not incident.rollout:
        return None
    rollout = workspace.rollouts.get(incident.rollout)
    return (rollout, health.of_rollout(rollout.status)) if rollout is not None else None


def _model(workspace: "Workspace", incident: Incident) -> str:
    endpoint = workspace.endpoints.get(incident.endpoint)
    return endpoint.model if endpoint is not None else ""
