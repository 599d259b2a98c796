"""Leads a running rollout, whoever started it, step by step to its end."""

from keepwell.core.durations import format_duration
from keepwell.core.records import Rollout
from keepwell.operations.loop.actions import (
    AbortRollout,
    Action,
    AdvanceRollout,
    PromoteRollout,
    Wait,
)
from keepwell.operations.loop.evidence import of_route, of_verdict
from keepwell.operations.loop.states.trials import Judgement, judge
from keepwell.operations.loop.view import Trial, View


def steer(view: View, now: float) -> tuple[Action, ...]:
    """Return the next move of the rollout in progress: hold, advance, promote or abort.

    A breach aborts at once. A step that was held and has evidence is done. One that lacks evidence is
    held `Limits.patience` times as long, and then decided by `Limits.when_unsure`.
    """
    trial = view.trial
    if trial is None or trial.rollout.status != "running":
        return ()
    rollout, limits = trial.rollout, view.policy.limits
    judgement = judge(
        trial,
        limits,
        direction=view.direction,
        min_rows=view.policy.monitor.min_rows,
        fallen=_fallen(view, rollout),
    )
    percent, held = _step(view, rollout, now)
    evidence = {
        "percent": percent,
        "held_seconds": round(held, 3),
        "candidate": of_route(trial.candidate),
        "baseline": of_route(trial.baseline),
        "verdict": of_verdict(judgement.verdict),
    }
    if judgement.breaches:
        return (_abort(rollout, judgement, judgement.breaches, evidence),)
    incident = view.incident
    if incident and incident.rollout == rollout.id and incident.failures >= limits.failures:
        reason = f"the rollout could not go on: {incident.failures} attempts in a row failed"
        return (_abort(rollout, judgement, reason, evidence),)
    if trial.unserved and rollout.history[-1].verified is False:
        reason = f"version {rollout.candidate} does not answer: {rollout.history[-1].finding}"
        return (_abort(rollout, judgement, reason, evidence),)
    if held < rollout.hold:
        return (Wait(reason=_on_trial(rollout, percent), evidence=evidence),)
    if judgement.sufficient:
        reason = f"version {rollout.candidate} did no harm at {percent:g}%"
        return (_onward(rollout, percent, judgement, reason, evidence),)
    return (_undecided(view, trial, judgement, now, evidence),)


def _fallen(view: View, rollout: Rollout) -> bool:
    """Tell whether the outcomes of what the candidate is to replace have shown it to be wrong."""
    known = view.incident.signals if view.incident is not None else ()
    return any(
        signal.kind == "performance" and signal.version == rollout.baseline
        for signal in (*view.signals, *known)
    )


def _undecided(
    view: View, trial: Trial, judgement: Judgement, now: float, evidence: dict[str, object]
) -> Action:
    rollout, limits = trial.rollout, view.policy.limits
    percent, held = _step(view, rollout, now)
    longest = rollout.hold * limits.patience
    lacking = f"version {rollout.candidate} answered fewer than {limits.step_requests} rows at {percent:g}%"
    if held < longest:
        return Wait(
            reason=f"{lacking}; the step is held for up to {format_duration(longest)}",
            evidence=evidence,
        )
    reason = f"{lacking} within {format_duration(longest)}; the policy says: {limits.when_unsure}"
    if limits.when_unsure == "abort":
        return _abort(rollout, judgement, reason, evidence)
    return _onward(rollout, percent, judgement, reason, evidence)


def _onward(
    rollout: Rollout,
    percent: float,
    judgement: Judgement,
    reason: str,
    evidence: dict[str, object],
) -> Action:
    further = [step for step in rollout.steps if step > percent]
    if not further or rollout.strategy == "blue-green":  # which switches once, and is watched then
        return PromoteRollout(
            reason=f"version {rollout.candidate} becomes champion: {reason}",
            evidence=evidence,
            rollout=rollout.id,
            verdict=judgement.verdict,
        )
    return AdvanceRollout(
        reason=f"from {percent:g}% to {further[0]:g}%: {reason}",
        evidence={**evidence, "next_percent": further[0]},
        rollout=rollout.id,
        percent=further[0],
        verdict=judgement.verdict,
    )


def _abort(
    rollout: Rollout, judgement: Judgement, reason: str, evidence: dict[str, object]
) -> AbortRollout:
    return AbortRollout(
        reason=reason, evidence=evidence, rollout=rollout.id, verdict=judgement.verdict
    )


def _step(view: View, rollout: Rollout, now: float) -> tuple[float, float]:
    """Return the current step's percent, and for how many seconds it has been held."""
    if not rollout.history:
        return 0.0, view.watched(rollout.started, now)
    current = rollout.history[-1]
    return current.percent, view.watched(current.started, now)


def _on_trial(rollout: Rollout, percent: float) -> str:
    return (
        f"version {rollout.candidate} is on trial with {percent:g}% of the traffic"
        f" for {format_duration(rollout.hold)}"
    )
