"""A challenger that was proven better is on trial, or its trial has ended."""

from keepwell.core.records import Incident, Rollout
from keepwell.operations.loop.actions import (
    AbortRollout,
    Action,
    CloseIncident,
    StartRollout,
    VerifyHealed,
)
from keepwell.operations.loop.conditions import news
from keepwell.operations.loop.evidence import of_view
from keepwell.operations.loop.view import View


def next_actions(view: View, now: float) -> tuple[Action, ...]:
    """Return what to do about the incident's rollout; while it runs, `steer` leads it."""
    incident = view.incident
    if incident is None:
        return ()
    rollout = view.trial.rollout if view.trial else None
    if rollout is None or rollout.candidate != incident.candidate:
        return _unseen(view, incident, now)
    if rollout.status == "running":
        return ()
    if rollout.status == "promoted":
        return (
            VerifyHealed(
                reason=f"version {rollout.candidate} is champion: does it help?",
                evidence=of_view(view),
                version=rollout.candidate,
            ),
        )
    if rollout.status == "abort_failed":
        return _stuck(view, incident, rollout, now)
    why = f"the rollout of version {rollout.candidate} was aborted: {rollout.reason}"
    return (_failed(view, why, f"Version {rollout.baseline} serves all traffic again.", now),)


def _unseen(view: View, incident: Incident, now: float) -> tuple[Action, ...]:
    if incident.failures >= view.policy.limits.failures:
        why = f"the rollout of version {incident.candidate} could not be started"
        last = str(incident.evidence.get("last_failure", ""))
        return (_failed(view, why, last, now),)
    if view.rollout is not None:
        return ()
    return (
        StartRollout(
            reason=f"the rollout of version {incident.candidate} was decided, but none is seen",
            evidence=of_view(view),
            candidate=incident.candidate,
            retraining=view.retraining.id if view.retraining else "",
        ),
    )


def _stuck(view: View, incident: Incident, rollout: Rollout, now: float) -> tuple[Action, ...]:
    if incident.failures < view.policy.limits.failures:
        reason = f"the rollback from version {rollout.candidate} could not be verified: once more"
        return (AbortRollout(reason=reason, rollout=rollout.id, evidence=of_view(view)),)
    why = f"the rollback from version {rollout.candidate} failed: {rollout.reason}"
    return (_failed(view, why, "It may still be answering; see `keepwell status`.", now),)


def _failed(view: View, why: str, so: str, now: float) -> CloseIncident:
    return CloseIncident(
        reason=why,
        evidence=of_view(view),
        resolution="failed",
        summary=f"{why[:1].upper()}{why[1:]}. {so}".strip(),
        accepted=news(view, now),
        accepted_until=now + view.policy.rest,
    )
