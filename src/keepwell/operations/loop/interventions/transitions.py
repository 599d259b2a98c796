"""What an action makes of an intervention: record in, record out.

As with incidents, `decide_*` is what is stored together with the decision, before its effect, and `finish_*`
what is stored after it; a crash in between shows as `acting` or `undoing`, and is gone on with.
"""

from dataclasses import replace

from keepwell.core.records import Intervention
from keepwell.operations.loop.actions import Action, StartRetraining, StartRollout
from keepwell.operations.loop.interventions.actions import (
    Expire,
    Fade,
    GiveUp,
    Intervene,
    Keep,
    Measure,
    OnIntervention,
    Propose,
    Undo,
    Watch,
)


def decide_intervention(action: Action, now: float) -> Intervention | None:
    """Return the intervention as it stands once `action` was decided; None if it concerns none."""
    match action:
        case StartRetraining(intervention=asked) if asked is not None:
            return replace(asked, status="acting", began=asked.began or now)
        case StartRollout(intervention=agreed) if agreed is not None:
            return replace(agreed, status="acting", began=agreed.began or now)
        case OnIntervention():
            return _decided(action, now)
        case _:
            return None


def _decided(action: OnIntervention, now: float) -> Intervention:
    one = action.intervention
    if status := _ENDS.get(type(action)):
        return _over(one, status, action, now)
    match action:
        case Intervene():
            return replace(one, status="acting", began=one.began or now)
        case Watch():
            return replace(one, status="watching", began=now, outcome=action.reason)
        case Measure(measured=measured):
            return replace(one, measured=measured, settled=now, outcome=action.reason)
        case Fade(back=back):
            return replace(one, gone=None if back else now)
        case Undo(measured=measured):
            return replace(
                one, status="undoing", outcome=action.reason, measured=measured or one.measured
            )
        case _:
            return one


_ENDS: dict[type[OnIntervention], str] = {Keep: "kept", Expire: "expired", GiveUp: "failed"}


def _over(one: Intervention, status: str, action: Action, now: float) -> Intervention:
    measured = getattr(action, "measured", None)
    if measured is not None:
        one = replace(one, measured=measured, settled=one.settled or now)
    return replace(one, status=status, ended=now, outcome=action.reason)


def finish_intervention(
    one: Intervention | None,
    action: Action,
    now: float,
    *,
    seen: Intervention | None = None,
    failure: str = "",
) -> Intervention | None:
    """Return the intervention as it stands once `action` was carried out, or failed.

    Args:
        one: As it was decided.
        action: What was.
        now: The time.
        seen: What the hands answered.
        failure: Why it failed; empty if it did not.
    """
    if one is None:
        return None
    if failure:
        if isinstance(action, Propose):  # it cannot even be planned: nobody need be asked
            return replace(one, status="failed", ended=now, outcome=failure)
        outcome = one.outcome if isinstance(action, Undo) else failure  # why it is undone stays
        return replace(one, failures=one.failures + 1, outcome=outcome)
    match action:
        case Propose() if seen is not None:
            return _planned(one, seen)
        case Intervene():
            done = one if seen is None else replace(_planned(one, seen), before=seen.before)
            return replace(done, status="watching", failures=0, began=now)
        case Undo():
            return replace(one, status="undone", failures=0, ended=now)
        case StartRollout():
            return replace(one, status="kept", ended=now, outcome=action.reason)
        case _:
            return one


def _planned(one: Intervention, seen: Intervention) -> Intervention:
    return replace(
        one,
        steps=seen.steps,
        predicted=seen.predicted,
        temporary=seen.temporary,
        options=seen.options,
    )
