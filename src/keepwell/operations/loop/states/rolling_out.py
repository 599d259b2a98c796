"""A challenger that was proven better is on trial, or its trial has ended."""

from keepwell.core.records import Incident, Rollout
from keepwell.operations.loop.actions import (
    AbortRollout,
    Action,
    CloseIncident,
    RejectCandidate,
    VerifyHealed,
)
from keepwell.operations.loop.conditions import news
from keepwell.operations.loop.evidence import of_view
from keepwell.operations.loop.states.settlement import settle
from keepwell.operations.loop.view import View


def next_actions(view: View, now: float) -> tuple[Action, ...]:
    """Return what to do about the incident's rollout; while it runs, `steer` leads it."""
    incident = view.incident
    if incident is None:
        return ()
    rollout = view.trial.rollout if view.trial else None
    if rollout is None or rollout.candidate != incident.candidate:
        return _unseen(view, incident, now)
    limits = view.policy.limits
    if rollout.status == "running":
        if incident.failures < 2 * limits.failures:
            return ()
        why = f"the rollout of version {rollout.candidate} can go neither on nor back"
        return (_failed(view, why, _last_failure(incident), now),)
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
    """Decide again: the effect of the decision did not show, and the world may have moved on."""
    if view.retraining is None:
        why = f"the rollout of version {incident.candidate} left no record"
        return (_failed(view, why, _last_failure(incident), now),)
    if incident.failures < view.policy.limits.failures:
        return settle(view, view.retraining, now)
    why = f"the rollout of version {incident.candidate} could not be started"
    reject = RejectCandidate(
        reason=why,
        evidence=of_view(view),
        retraining=view.retraining.id,
        candidate=incident.candidate,
        run=incident.run,
    )
    return (reject, _failed(view, why, _last_failure(incident), now))


def _stuck(view: View, incident: Incident, rollout: Rollout, now: float) -> tuple[Action, ...]:
    if int(incident.evidence.get("aborts", 0)) < view.policy.limits.failures:
        reason = f"the rollback from version {rollout.candidate} could not be verified: once more"
        return (AbortRollout(reason=reason, rollout=rollout.id, evidence=of_view(view)),)
    why = f"the rollback from version {rollout.candidate} failed: {rollout.reason}"
    return (_failed(view, why, "It may still be answering; see `keepwell status`.", now),)


def _last_failure(incident: Incident) -> str:
    return str(incident.evidence.get("last_failure", ""))


def _failed(view: View, why: str, so: str, now: float) -> CloseIncident:
    return CloseIncident(
        reason=why,
        evidence=of_view(view),
        resolution="failed",
        summary=f"{why[:1].upper()}{why[1:]}. {so}".strip(),
        accepted=news(view, now),
        accepted_until=now + view.policy.rest,
    )
