"""What the loop did, over weeks: its triggers, actions, and their predicted and measured effects."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keepwell.core.records import Effect, Incident, Intervention
from keepwell.operations.loop.interventions.agreement import ROLL_OUT
from keepwell.operations.loop.retrainings import Retraining

NOTHING = Effect()
"""Where nothing was promised, or measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that the loop did, or proposed.

    Attributes:
        id: Of the intervention or the retraining.
        time: When it was decided.
        endpoint: Where.
        trigger: What set it off, in a sentence.
        action: The playbook.
        options: Its options.
        by: Rule, incident or person that asked for it: `rule busy`, `incident 01K…`, `schedule`.
        status: How far it is: as of an intervention, or `training`.
        predicted: The effect that was expected.
        measured: The effect that was seen.
        outcome: How it ended, in a sentence.
        seconds: What a training took.
        incident: The incident that it belongs to; empty if there is none.
        ended: When it was over; None if it is not.
    """

    id: str
    time: float
    endpoint: str
    trigger: str
    action: str
    by: str
    status: str
    options: dict[str, Any] = field(default_factory=dict)
    predicted: Effect = NOTHING
    measured: Effect = NOTHING
    outcome: str = ""
    seconds: float = 0.0
    incident: str = ""
    ended: float | None = None


_MODES = {"train": "retrain", "tune": "retune", "compress": "compress", "prove": "compare again"}
_SETTLED = {"rolled_out": "kept", "rejected": "refused", "failed": "failed", "": "training"}


def deeds(
    interventions: Iterable[Intervention],
    retrainings: Iterable[Retraining],
    incidents: Sequence[Incident],
) -> list[Deed]:
    """Return everything that was done, newest first; a rule's retraining is told once."""
    trained = {one.key: one for one in retrainings}
    newest = {
        one.incident: one.key for one in sorted(trained.values(), key=lambda one: one.decided)
    }
    told = [one for one in interventions if one.playbook != ROLL_OUT]
    own = {(one.endpoint, one.id) for one in told}
    known = {one.id: one for one in incidents}
    found = [_intervened(one, trained.get(f"{one.endpoint}/{one.id}")) for one in told]
    found += [
        _trained(one, known.get(one.incident), last=newest[one.incident] == one.key)
        for one in trained.values()
        if (one.endpoint, one.id) not in own
    ]
    return sorted(found, key=lambda deed: deed.time, reverse=True)


def _intervened(one: Intervention, training: Retraining | None) -> Deed:
    by = f"rule {one.rule}" if one.rule else one.approved_by or "a person"
    return Deed(
        id=one.id,
        time=one.decided,
        endpoint=one.endpoint,
        trigger=one.reason,
        action=one.playbook,
        options=one.options,
        by=by,
        status=one.status,
        predicted=one.predicted,
        measured=one.measured,
        outcome=one.outcome,
        seconds=training.seconds if training else 0.0,
        incident=one.incident,
        ended=one.ended,
    )


def _trained(one: Retraining, incident: Incident | None, *, last: bool) -> Deed:
    evidence = incident.evidence if incident and last else {}
    closed = incident.closed if incident else None
    return Deed(
        id=one.id,
        time=one.decided,
        endpoint=one.endpoint,
        trigger=incident.title if incident else one.reason,
        action=_MODES.get(one.mode, one.mode),
        options=one.options,
        by=f"incident {one.incident}" if one.incident else _asker(one),
        status="comparing"
        if one.mode == "prove" and not one.settled
        else _SETTLED.get(one.settled, one.settled),
        predicted=_promised(evidence.get("comparison")),
        measured=_seen(evidence.get("at_closing")),
        outcome=incident.summary if incident else one.settled.replace("_", " "),
        seconds=one.seconds,
        incident=one.incident,
        ended=closed,
    )


def _asker(one: Retraining) -> str:
    return "schedule" if one.id.startswith("scheduled-") else "the loop"


def _promised(comparison: object) -> Effect:
    if not isinstance(comparison, Mapping) or not comparison:
        return Effect()
    return Effect(
        measure=f"metric:{comparison.get('metric')}",
        before=comparison.get("champion"),
        after=comparison.get("challenger"),
        reason="on the same rows",
    )


def _seen(closing: object) -> Effect:
    if not isinstance(closing, Mapping):
        return Effect()
    healed, broken = closing.get("healed"), closing.get("broken")
    if not isinstance(healed, Mapping) or not healed:
        return Effect()
    return Effect(
        measure=f"metric:{healed.get('metric')}",
        before=broken if isinstance(broken, int | float) else None,
        after=healed.get("value"),
        reason="by outcomes",
    )
