"""Whether somebody must agree before a candidate goes on trial, and what they said."""

from dataclasses import dataclass

from keepwell.core.records import Effect, Intervention
from keepwell.operations.loop.retrainings import Retraining, RetrainingResult
from keepwell.operations.loop.view import View

ROLL_OUT = "roll_out"
"""Playbook of the proposal to try a candidate: the loop's own, no rule can ask for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How the approval of a candidate stands.

    Attributes:
        proposal: What somebody has to agree to, or did; None where nobody has to.
        asked: It is in the record.
        agreed: The candidate may be tried.
        objection: Why it must not be; empty if nobody refused.
    """

    proposal: Intervention | None = None
    asked: bool = False
    agreed: bool = True
    objection: str = ""


def agreement(
    view: View, retraining: Retraining, result: RetrainingResult, reason: str, now: float
) -> Agreement:
    """Return how the approval of a candidate stands (`loop.limits.approval`)."""
    role = view.policy.loop.limits.approval
    identifier = f"{retraining.id}-rollout"
    known = next((one for one in view.interventions if one.id == identifier), None)
    if known is None:
        if not role:
            return Agreement()
        return Agreement(
            proposal=_proposal(view, retraining, result, reason, role, identifier, now),
            agreed=False,
        )
    if known.status in ("refused", "expired"):
        return Agreement(proposal=known, asked=True, agreed=False, objection=_said(known))
    agreed = known.status in ("approved", "acting", "kept")
    return Agreement(proposal=known, asked=True, agreed=agreed)


def _said(one: Intervention) -> str:
    if one.status == "refused":
        return f"{one.approved_by or 'somebody'} refused it" + (
            f": {one.outcome}" if one.outcome else ""
        )
    return one.outcome or "nobody agreed"


def _proposal(
    view: View,
    retraining: Retraining,
    result: RetrainingResult,
    reason: str,
    role: str,
    identifier: str,
    now: float,
) -> Intervention:
    rollout, found = view.policy.rollout, result.comparison
    shares = " → ".join(f"{step:g}%" for step in rollout.steps)
    return Intervention(
        id=identifier,
        endpoint=view.endpoint.name,
        playbook=ROLL_OUT,
        options={"retraining": retraining.id, "candidate": result.candidate},
        reason=reason,
        incident=retraining.incident,
        steps=(
            f"put version {result.candidate} on trial against version {view.champion.version}",
            f"{rollout.strategy}: {shares} of the traffic, each judged",
        ),
        predicted=Effect()
        if found is None
        else Effect(
            measure=f"metric:{found.metric}",
            before=found.champion,
            after=found.challenger,
            reason=f"on the same {found.rows:,} rows",
        ),
        approval=role,
        decided=now,
    )
