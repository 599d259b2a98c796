"""Something was done: does it help, does it harm, and is its reason still there?"""

from collections.abc import Mapping
from typing import Any

from keepwell.core.durations import format_duration
from keepwell.core.records import Effect, Intervention
from keepwell.core.spec.looping import TRAINING, LoopRuleSpec
from keepwell.operations.loop.actions import Action
from keepwell.operations.loop.interventions.actions import (
    Fade,
    GiveUp,
    Keep,
    Measure,
    Undo,
    Watch,
)
from keepwell.operations.loop.interventions.measuring import effect_of, harm, target_of
from keepwell.operations.loop.interventions.rules import (
    QUIET,
    lacking,
    lasting,
    rule_named,
    worsened,
)
from keepwell.operations.loop.view import View

_DAY = 86400.0


def watch(view: View, one: Intervention, now: float) -> tuple[Action, ...]:
    """Return what is to be made of an intervention that was carried out."""
    if one.status == "acting":
        return _trained(view, one)
    if one.playbook in QUIET:
        return (_keep(one, "it was told"),)
    began = one.began or one.decided
    if one.settled is None:
        return _watched(view, one, began, now)
    return _in_force(view, one, now) if one.temporary else ()


def _trained(view: View, one: Intervention) -> tuple[Action, ...]:
    """Follow a rule's retraining: nothing is to be measured before its challenger is champion."""
    mine = next((item for item in view.memory.retrainings if item.id == one.id), None)
    if mine is None:
        return (_give_up(one, "its retraining left no record"),)
    if not mine.settled:
        return ()
    if mine.settled != "rolled_out":
        last = "its candidate was rejected" if mine.settled == "rejected" else "it failed"
        return (_give_up(one, f"the retraining came to nothing: {last}"),)
    rollout = view.trial.rollout if view.trial else None
    if rollout is not None and rollout.status == "running":
        return ()
    if view.champion.version == mine.baseline:
        return (_give_up(one, "its candidate did not become champion"),)
    reason = f"version {view.champion.version} is champion: does it help?"
    return (Watch(reason=reason, evidence=_evidence(one), intervention=one),)


def _watched(view: View, one: Intervention, began: float, now: float) -> tuple[Action, ...]:
    reversible = one.playbook not in TRAINING
    worse = harm(view, one, began + 2 * view.policy.monitor.every) if reversible else None
    if worse is not None:
        effect = Effect(
            measure=worse.measure, before=worse.before, after=worse.after, reason=str(worse)
        )
        return (
            Undo(
                reason=worsened(str(worse)),
                evidence=_evidence(one, effect),
                intervention=one,
                measured=effect,
            ),
        )
    settle = view.policy.settle
    if now - began < settle:
        return ()
    effect_seen = effect_of(view, one, began + settle)
    if effect_seen is None:
        target = target_of(view, one)
        by_outcomes = target.startswith("metric:")  # which come late
        if now - began < (view.policy.verify_deadline if by_outcomes else _PATIENCE * settle):
            return ()
        effect_seen = Effect(measure=target, reason=f"{target} was not measured: too little came")
    if one.temporary:
        measure = Measure(
            reason=f"it stays while its reason lasts: {effect_seen.reason}",
            evidence=_evidence(one, effect_seen),
            intervention=one,
            measured=effect_seen,
        )
        return (measure,)
    return (_keep(one, effect_seen.reason, effect_seen),)


_PATIENCE = 3.0


def _in_force(view: View, one: Intervention, now: float) -> tuple[Action, ...]:
    """Undo what is temporary once its reason has been gone for a while; hold it longer each time."""
    if not one.rule:
        return ()  # who did it by hand ends it
    rule = rule_named(view, one.rule)
    if rule is None:
        reason = f"the rule '{one.rule}' is gone"
        return (Undo(reason=reason, evidence=_evidence(one), intervention=one),)
    broken = _still_broken(view, one)
    if one.gone is None:
        gone = lacking(rule).check(view, now)
        if broken or not gone.holds:
            return ()
        reason = (
            f"its reason is gone ({gone.reason}): it is undone in"
            f" {format_duration(hold(view, rule, now))} unless that comes back"
        )
        return (Fade(reason=reason, evidence=_evidence(one), intervention=one),)
    back = lasting(rule).check(view, now)
    if broken or back.holds:
        reason = f"its reason is back: {broken or back.reason}"
        return (Fade(reason=reason, evidence=_evidence(one), intervention=one, back=True),)
    waited = hold(view, rule, now)
    if now - one.gone < waited:
        return ()
    reason = f"its reason has been gone for {format_duration(waited)}"
    return (Undo(reason=reason, evidence=_evidence(one), intervention=one),)


def _still_broken(view: View, one: Intervention) -> str:
    """Return what is still wrong upstream with a column in quarantine; empty if nothing is.

    What it did to the answers is healed by the quarantine: only what is sent tells when that is over.
    """
    if one.playbook != "quarantine":
        return ""
    column = one.options.get("column")
    return next((s.message for s in view.signals if s.known and s.column == column), "")


def hold(view: View, rule: LoopRuleSpec, now: float) -> float:
    """Return for how long a reason must be gone: the rule's cooldown, doubled for each return in a day."""
    least = view.policy.limits.quiet_looks * view.policy.monitor.every
    returns = sum(
        one.rule == rule.name and one.status == "undone" and now - (one.ended or 0.0) < _DAY
        for one in view.interventions
    )
    wanted = max(rule.cooldown, least)
    return max(wanted, min(_DAY, wanted * 2.0 ** min(returns, 16)))


def _keep(one: Intervention, reason: str, measured: Effect | None = None) -> Keep:
    return Keep(
        reason=reason, evidence=_evidence(one, measured), intervention=one, measured=measured
    )


def _give_up(one: Intervention, reason: str) -> GiveUp:
    return GiveUp(reason=reason, evidence=_evidence(one), intervention=one)


def _evidence(one: Intervention, effect: Effect | None = None) -> Mapping[str, Any]:
    found: dict[str, Any] = {"intervention": one.id, "playbook": one.playbook, "rule": one.rule}
    if effect is not None:
        found |= {"measure": effect.measure, "before": effect.before, "after": effect.after}
        found["predicted_after"] = one.predicted.after
    return found
