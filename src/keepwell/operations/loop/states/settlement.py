"""What to make of a retraining: wait, start it again, give it up, reject its candidate, or try it."""

from collections.abc import Mapping
from dataclasses import replace

from keepwell.core.durations import format_duration
from keepwell.core.records import Intervention, Signal
from keepwell.operations.loop.actions import (
    Action,
    CloseIncident,
    DropRetraining,
    RejectCandidate,
    StartRetraining,
    StartRollout,
    Wait,
)
from keepwell.operations.loop.conditions import (
    InterventionUnderWay,
    RolloutRunning,
    WithinHours,
    proofs_of,
)
from keepwell.operations.loop.evidence import of_comparison, of_verdict
from keepwell.operations.loop.interventions.actions import Propose
from keepwell.operations.loop.interventions.agreement import agreement
from keepwell.operations.loop.retrainings import LOST, Comparison, Retraining, RetrainingResult
from keepwell.operations.loop.view import View


def settle(view: View, retraining: Retraining, now: float) -> tuple[Action, ...]:
    """Return what to do about `retraining`; nothing while it runs in time."""
    result = view.result
    took = view.watched(retraining.decided, now)
    if result is not None and result.running_for is not None:
        took = result.running_for  # no clock that was set makes it hang
    overdue = took > view.policy.retraining_deadline
    if result is None or result.status == LOST:
        return _lost(view, retraining, result.error if result else "", overdue=overdue)
    if result.status == "running":
        if not overdue:
            return ()
        longest = format_duration(view.policy.retraining_deadline)
        reason = f"the retraining still runs after {longest}: it is taken for hung"
        return (_drop(retraining, result, reason, stop=True),)
    if result.status == "failed":
        return (_drop(retraining, result, f"the retraining failed: {result.error}"),)
    return _weighed(view, retraining, result, now)


def _lost(view: View, retraining: Retraining, how: str, *, overdue: bool) -> tuple[Action, ...]:
    last = f": {how}" if how else ""
    if overdue or retraining.resumes >= view.policy.limits.resumes:
        reason = (
            f"the retraining was lost: its process died {retraining.resumes + 1} time(s)"
            f" and it has no result{last}"
        )
        return (DropRetraining(reason=reason, retraining=retraining.id, stop=True),)
    return (
        StartRetraining(
            reason=f"the process of the retraining died{last}: it is started again",
            evidence={"resumes": retraining.resumes + 1},
            retraining=replace(retraining, resumes=retraining.resumes + 1),
        ),
    )


def _drop(
    retraining: Retraining, result: RetrainingResult, reason: str, *, stop: bool = False
) -> DropRetraining:
    return DropRetraining(
        reason=reason,
        evidence={"run": result.run, **result.evidence},
        retraining=retraining.id,
        run=result.run,
        stop=stop,
        seconds=result.seconds,
    )


def _weighed(
    view: View, retraining: Retraining, result: RetrainingResult, now: float
) -> tuple[Action, ...]:
    evidence = {
        "candidate": result.candidate,
        "champion": view.champion.version,
        "window": result.window,
        "rows": result.rows,
        "comparison": of_comparison(result.comparison),
        "gate": of_verdict(result.verdict),
        **result.evidence,
    }
    if _on_trial(view, retraining, result.candidate):
        reason = f"version {result.candidate} is on trial already"
        return (_try(retraining, result, reason, evidence),)
    objection = _objection(view, retraining, result)
    if objection:
        return _rejected(view, retraining, result, objection, evidence)
    why = "is better" if result.comparison and result.comparison.better else "knows newer data"
    reason = f"version {result.candidate} passed its gate and {why}: {in_words(result.comparison)}"
    said = agreement(view, retraining, result, reason, now)
    if said.objection:
        return _rejected(view, retraining, result, said.objection, evidence)
    if said.proposal is not None and not said.asked:
        return (
            Propose(
                reason=f"{reason}; {said.proposal.approval} must agree before it goes on trial",
                evidence=evidence,
                intervention=said.proposal,
                planned=True,
            ),
        )
    free = (~RolloutRunning() & WithinHours() & ~InterventionUnderWay()).check(view, now)
    lacking = "" if free.holds else free.reason
    if not said.agreed and said.proposal is not None:
        lacking = f"{said.proposal.approval} must agree: keepwell loop approve {said.proposal.id}"
    if lacking:
        return (Wait(reason=f"version {result.candidate} waits for its trial: {lacking}"),)
    return (_try(retraining, result, reason, evidence, said.proposal),)


def _on_trial(view: View, retraining: Retraining, candidate: int) -> bool:
    """Tell whether the rollout was started, and a crash kept that from being written down."""
    rollout = view.rollout
    return rollout is not None and (rollout.candidate, rollout.incident) == (
        candidate,
        retraining.incident,
    )


def _try(
    retraining: Retraining,
    result: RetrainingResult,
    reason: str,
    evidence: Mapping[str, object],
    agreed: Intervention | None = None,
) -> StartRollout:
    return StartRollout(
        reason=reason,
        evidence=evidence,
        candidate=result.candidate,
        retraining=retraining.id,
        run=result.run,
        seconds=result.seconds,
        intervention=agreed,
    )


def _objection(view: View, retraining: Retraining, result: RetrainingResult) -> str:
    """Return why the candidate must not go on trial; empty if nothing speaks against it."""
    if retraining.baseline != view.champion.version:
        return (
            f"it was compared with version {retraining.baseline},"
            f" but version {view.champion.version} is champion now"
        )
    if result.verdict is None:
        return "it has not been through its gate"
    if not result.verdict.passed:
        failed = [check for check in result.verdict.checks if not check.passed]
        told = "; ".join(check.detail or check.name for check in failed)
        return f"it did not pass its gate: {told}"
    if result.comparison is None:
        return "it could not be compared with the champion on the same rows"
    if not result.comparison.better and not result.renewed:
        return f"it is not clearly better: {in_words(result.comparison)}"
    return ""


def _rejected(
    view: View,
    retraining: Retraining,
    result: RetrainingResult,
    objection: str,
    evidence: Mapping[str, object],
) -> tuple[Action, ...]:
    incident, found = view.incident, result.comparison
    tried = found is not None and retraining.baseline == view.champion.version
    as_good = tried and found is not None and not found.better
    mine = incident is not None and incident.id == retraining.incident
    harmless = as_good and not (incident and mine and _hurt(view, incident.signals))
    unproven = _unproven(view, retraining, result) if as_good else 0
    reject = RejectCandidate(
        reason=f"version {result.candidate} is not tried: {objection}",
        evidence=evidence,
        retraining=retraining.id,
        candidate=result.candidate,
        run=result.run,
        no_change=harmless,
        unproven=unproven,
        seconds=result.seconds,
    )
    if incident is None or not mine or not harmless:
        return (reject,)
    close = CloseIncident(
        reason="it is not seen to be better than the champion on rows that neither learnt from",
        evidence=evidence,
        resolution="no_change",
        summary=(
            f"Version {result.candidate} may be better, which is not proven: {in_words(found)}."
            " It is compared again when more outcomes have come."
            if unproven
            else f"The signals do no harm: {in_words(found)}."
        )
        + f" Version {view.champion.version} goes on serving.",
        accepted=tuple(s for s in incident.signals if view.is_current(s)),
    )
    return (reject, close)


def _unproven(view: View, retraining: Retraining, result: RetrainingResult) -> int:
    """Return on how many rows a candidate was likely better that may be proven so; 0 if it may not.

    It must have passed its gate. What learns from the source has no outcomes to come, what is renewed
    need not be better, and nothing is proven for ever.
    """
    found, verdict = result.comparison, result.verdict
    if found is None or verdict is None or not verdict.passed or not found.likely:
        return 0
    if view.champion.signature.task.from_source or result.renewed:
        return 0
    last = retraining.mode == "prove" and (
        len(proofs_of(view, retraining.candidate)) >= view.policy.limits.proofs
    )
    return 0 if last else found.rows


def _hurt(view: View, signals: tuple[Signal, ...]) -> bool:
    return any(s.kind == "performance" and view.is_current(s) for s in signals)


def in_words(comparison: Comparison | None) -> str:
    """Return both values with the interval of their difference, for people."""
    if comparison is None:
        return "no comparison"
    gain = comparison.gain
    interval = (
        "" if gain.low is None else f", 95% interval {gain.low:+.4f} to {gain.high or 0:+.4f}"
    )
    return (
        f"{comparison.metric} {comparison.challenger:.4f} against {comparison.champion:.4f}"
        f" on the same {comparison.rows:,} rows (gain {gain.value:+.4f}{interval})"
        + (f"; {in_words(comparison.loss)}" if comparison.loss is not None else "")
    )
