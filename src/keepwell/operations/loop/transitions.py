"""What an action makes of the incident and of the retraining: records in, records out.

Pure, so that the executor, a simulation and the tests move through the same states. `decide_*` is what
is stored together with the decision, before its effect; `finish_*` is what is stored after it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from keepwell.core.records import Entry, Incident, Signal
from keepwell.operations.loop.actions import (
    AbortRollout,
    Action,
    AddSignals,
    CloseIncident,
    DropRetraining,
    OpenIncident,
    RejectCandidate,
    ReopenIncident,
    StartRetraining,
    StartRollout,
    VerifyHealed,
)
from keepwell.operations.loop.causes.breaks import broken
from keepwell.operations.loop.conditions import identity
from keepwell.operations.loop.evidence import json_ready
from keepwell.operations.loop.interventions.actions import OnIntervention
from keepwell.operations.loop.retrainings import Retraining

_KIND = {
    "add_signals": "signal",
    "retrain": "action",
    "start_rollout": "action",
    "advance": "action",
    "promote": "action",
    "abort": "action",
    "intervene": "action",
    "undo": "action",
    "measure": "verdict",
    "keep": "verdict",
    "give_up": "verdict",
    "expire": "verdict",
    "reject": "verdict",
    "drop_retraining": "verdict",
    "close": "verdict",
}


def opened(action: OpenIncident, now: float, *, identifier: str, endpoint: str) -> Incident:
    """Return the new incident."""
    lines = [Entry(time=now, kind="signal", text=signal.message) for signal in action.signals]
    if action.causes:
        best = action.causes[0]
        lines.append(Entry(time=now, kind="cause", text=f"{best.title}: {best.evidence}"))
    return Incident(
        id=identifier,
        endpoint=endpoint,
        title=action.title,
        opened=now,
        detected=min(action.detected, now),
        signals=action.signals,
        causes=action.causes,
        timeline=tuple(lines),
        evidence=json_ready({"at_opening": action.evidence}),
    )


def reopened(action: ReopenIncident, now: float) -> Incident:
    """Return an incident that goes on: the same one, with what it was tried and how often."""
    incident = action.incident
    entry = Entry(time=now, kind="signal", text=action.reason)
    return replace(
        incident,
        status="open",
        closed=None,
        resolution="",
        summary="",
        signals=_merged(incident.signals, action.signals),
        causes=action.causes,
        reopened=incident.reopened + 1,
        back=now,
        timeline=(*incident.timeline, entry),
        evidence={**incident.evidence, "at_reopening": json_ready(action.evidence)},
    )


def decide_incident(incident: Incident, action: Action, now: float) -> Incident:
    """Return the incident as it stands once `action` was decided."""
    text = told(action)
    entry = Entry(time=now, kind=_KIND.get(action.verb, "decision"), text=text)
    incident = replace(incident, timeline=(*incident.timeline, entry))
    change = _DECIDED.get(type(action))
    return change(incident, action, now) if change else incident


def told(action: Action) -> str:
    """Return an action in a timeline's words: what is done to an intervention is named."""
    if isinstance(action, OnIntervention):
        return f"{action.verb.replace('_', ' ')} {action.intervention.playbook}: {action.reason}"
    return action.reason


def finish_incident(
    incident: Incident, action: Action, now: float, *, rollout: str = "", failure: str = ""
) -> Incident:
    """Return the incident as it stands once `action` was carried out, or failed."""
    if failure:
        entry = Entry(time=now, kind="note", text=f"{action.verb} failed: {failure}")
        evidence = {**incident.evidence, "last_failure": failure}
        if isinstance(action, OnIntervention):  # the incident's own steps did not fail by that
            return replace(incident, timeline=(*incident.timeline, entry), evidence=evidence)
        if isinstance(action, StartRetraining):
            evidence["last_attempt"] = failure
        return replace(
            incident,
            status="open" if isinstance(action, StartRetraining) else incident.status,
            failures=incident.failures + 1,
            timeline=(*incident.timeline, entry),
            evidence=evidence,
        )
    if isinstance(action, AddSignals | OnIntervention):
        return incident
    return replace(incident, failures=0, rollout=rollout or incident.rollout)


def decide_retraining(
    retraining: Retraining | None, action: Action, incident: Incident | None
) -> Retraining | None:
    """Return the retraining as it stands once `action` was decided."""
    match action:
        case StartRetraining():
            return action.retraining
        case RejectCandidate(seconds=seconds) if retraining:
            return replace(
                retraining,
                settled="rejected",
                seconds=seconds or retraining.seconds,
                candidate=action.candidate,
                unproven=action.unproven,
            )
        case VerifyHealed() | CloseIncident() if retraining and incident and _tried(incident):
            return replace(retraining, settled="rolled_out")
        case _:
            return retraining


def _tried(incident: Incident) -> bool:
    return incident.status in ("rolling_out", "verifying")


def finish_retraining(
    retraining: Retraining | None, action: Action, *, failure: str = ""
) -> Retraining | None:
    """Return the retraining as it stands once `action` was carried out, or failed."""
    if retraining is None:
        return None
    match action:
        case StartRetraining() if failure:
            return replace(retraining, settled="failed")
        case DropRetraining(seconds=seconds) if (
            not failure
        ):  # else it may run, and no other one may start
            return replace(retraining, settled="failed", seconds=seconds or retraining.seconds)
        case StartRollout(seconds=seconds) if not failure:
            return replace(retraining, settled="rolled_out", seconds=seconds or retraining.seconds)
        case _:
            return retraining


def _added(incident: Incident, action: AddSignals, now: float) -> Incident:
    return replace(
        incident, signals=_merged(incident.signals, action.signals), causes=action.causes
    )


def _retraining(incident: Incident, action: StartRetraining, now: float) -> Incident:
    again = action.retraining.resumes > 0 or action.retraining.mode == "prove"
    return replace(
        incident,
        status="retraining",
        run="",
        candidate=0,
        attempts=incident.attempts + (0 if again else 1),
    )


def _dropped(incident: Incident, action: DropRetraining, now: float) -> Incident:
    evidence = {**incident.evidence, "last_attempt": action.reason}
    return replace(incident, status="open", run=action.run or incident.run, evidence=evidence)


def _rejected(incident: Incident, action: RejectCandidate, now: float) -> Incident:
    evidence = {
        **incident.evidence,
        "last_attempt": action.reason,
        "comparison": json_ready(action.evidence.get("comparison")),
    }
    return replace(
        incident,
        status="open",
        run=action.run or incident.run,
        candidate=action.candidate,
        evidence=evidence,
    )


def _rolling_out(incident: Incident, action: StartRollout, now: float) -> Incident:
    evidence = dict(incident.evidence)
    comparison = json_ready(action.evidence.get("comparison"))
    if comparison:
        evidence["comparison"] = comparison
        evidence["broken"] = comparison.get("champion")
    return replace(
        incident,
        status="rolling_out",
        run=action.run or incident.run,
        candidate=action.candidate,
        evidence=evidence,
    )


def _aborting(incident: Incident, action: AbortRollout, now: float) -> Incident:
    aborts = int(incident.evidence.get("aborts", 0)) + 1
    return replace(incident, evidence={**incident.evidence, "aborts": aborts})


def _verifying(incident: Incident, action: VerifyHealed, now: float) -> Incident:
    return replace(incident, status="verifying", evidence={**incident.evidence, "promoted": now})


def _closed(incident: Incident, action: CloseIncident, now: float) -> Incident:
    return replace(
        incident,
        status="closed",
        closed=max(now, incident.opened),  # whatever was done to the clock meanwhile
        resolution=action.resolution,
        summary=action.summary,
        accepted=action.accepted,
        accepted_until=action.accepted_until,
        evidence={**incident.evidence, "at_closing": json_ready(action.evidence)},
    )


def _merged(old: tuple[Signal, ...], new: tuple[Signal, ...]) -> tuple[Signal, ...]:
    """Return each signal once, at the largest that it was; a break is larger than any milder damage."""
    merged = {identity(signal): signal for signal in old}
    for signal in new:
        known = merged.get(identity(signal))
        if known is not None and broken(signal) != broken(known):
            larger = broken(signal)
        else:
            larger = known is None or abs(signal.value) >= abs(known.value)
        if larger:
            merged[identity(signal)] = signal
    return tuple(merged.values())


_DECIDED: dict[type[Action], Callable[[Incident, Any, float], Incident]] = {
    AddSignals: _added,
    StartRetraining: _retraining,
    DropRetraining: _dropped,
    RejectCandidate: _rejected,
    StartRollout: _rolling_out,
    AbortRollout: _aborting,
    VerifyHealed: _verifying,
    CloseIncident: _closed,
}


def concerns(action: Action, incident: Incident, retraining: Retraining | None) -> bool:
    """Tell whether an action is part of the incident's story.

    What is done for a scheduled retraining, or for a rollout that somebody else started, is not.
    """
    match action:
        case OnIntervention(intervention=one):
            return one.incident == incident.id
        case StartRetraining():
            return action.retraining.incident == incident.id
        case DropRetraining() | RejectCandidate():
            return retraining is not None and retraining.incident == incident.id
        case StartRollout():
            return action.candidate == incident.candidate or (
                retraining is not None and retraining.incident == incident.id
            )
        case _:
            rollout = getattr(action, "rollout", None)
            return rollout is None or rollout == incident.rollout
