"""Rules that hold, and what the loop does besides training: proposed, done, watched, kept or undone."""

from dataclasses import replace

from keepwell.core.durations import format_duration
from keepwell.core.records import Intervention
from keepwell.core.spec.looping import TRAINING, LoopRuleSpec
from keepwell.operations.loop.actions import Action, StartRetraining, Wait
from keepwell.operations.loop.conditions import news
from keepwell.operations.loop.evidence import of_signals, of_view
from keepwell.operations.loop.interventions.actions import (
    Expire,
    GiveUp,
    Intervene,
    Propose,
    Undo,
)
from keepwell.operations.loop.interventions.agreement import ROLL_OUT
from keepwell.operations.loop.interventions.measuring import seen_before
from keepwell.operations.loop.interventions.rules import (
    RuleStanding,
    hindrance,
    lacking,
    rule_named,
    standings,
)
from keepwell.operations.loop.retrainings import Retraining
from keepwell.operations.loop.states.watching import watch
from keepwell.operations.loop.view import View

MODES = {"retrain": "train", "retune": "tune", "compress": "compress"}
_ORDER = ("undoing", "acting", "approved", "watching", "proposed")


def intervene(view: View, now: float) -> tuple[Action, ...]:
    """Return the next thing to do about what is under way, else about a rule that holds.

    At most one thing is begun, moved or ended; a reason to wait comes alone.
    """
    waits: list[Action] = []
    mine = [one for one in view.interventions if not one.over]
    for one in sorted(mine, key=lambda item: _ORDER.index(item.status)):
        found = _next(view, one, now)
        if found and not isinstance(found[0], Wait):
            return found
        waits += found
    for action in _begun(view, now):
        if not isinstance(action, Wait):
            return (action,)
        waits.append(action)
    return tuple(waits[:1])


def _next(view: View, one: Intervention, now: float) -> tuple[Action, ...]:
    match one.status:
        case "undoing":
            return (_undone(view, one),)
        case "acting" if one.playbook == ROLL_OUT:
            return ()  # `settlement` starts it
        case "acting" if one.playbook in TRAINING:
            return watch(view, one, now)
        case "acting":
            return (_again(view, one),)
        case "approved" if one.playbook == ROLL_OUT:
            return _orphaned(view, one)
        case "approved":
            return (_agreed(view, one, now),)
        case "watching":
            return watch(view, one, now)
        case _:
            return _proposed(view, one, now)


def _undone(view: View, one: Intervention) -> Action:
    if one.failures >= view.policy.limits.failures:
        reason = f"it could not be undone in {one.failures} attempts: somebody should look"
        return GiveUp(reason=reason, evidence=_evidence(one), intervention=one)
    return Undo(reason=one.outcome or "asked for", evidence=_evidence(one), intervention=one)


def _again(view: View, one: Intervention) -> Action:
    if one.failures >= view.policy.limits.failures:
        reason = f"it failed {one.failures} times: {one.outcome}"
        return GiveUp(reason=reason, evidence=_evidence(one), intervention=one)
    return Intervene(reason=one.reason, evidence=_evidence(one), intervention=one)


def _agreed(view: View, one: Intervention, now: float) -> Action:
    others = replace(
        view,
        memory=replace(
            view.memory,
            interventions=tuple(item for item in view.interventions if item.id != one.id),
        ),
    )
    hindered = hindrance(others, one.playbook, now, rule=rule_named(view, one.rule))
    if hindered:
        return Wait(reason=f"{one.playbook} waits: {hindered}", evidence=_evidence(one))
    fresh = replace(one, seen=seen_before(view))
    reason = f"{one.reason}; {one.approved_by or 'somebody'} agreed"
    return _start(view, fresh, reason, now)


def _proposed(view: View, one: Intervention, now: float) -> tuple[Action, ...]:
    longest = view.policy.limits.proposal_seconds
    if now - one.decided >= longest:
        reason = f"nobody agreed within {format_duration(longest)}"
        return (Expire(reason=reason, evidence=_evidence(one), intervention=one),)
    if one.playbook == ROLL_OUT:
        return _orphaned(view, one)
    rule = rule_named(view, one.rule)
    if rule is None and one.rule:
        reason = f"the rule '{one.rule}' is gone"
        return (Expire(reason=reason, evidence=_evidence(one), intervention=one),)
    if rule is not None:
        patient = replace(rule, looks=max(rule.looks, view.policy.limits.quiet_looks))
        gone = lacking(patient).check(view, now)
        if gone.holds:
            reason = f"its reason is gone: {gone.reason}"
            return (Expire(reason=reason, evidence=_evidence(one), intervention=one),)
    return ()


def _orphaned(view: View, one: Intervention) -> tuple[Action, ...]:
    """End the proposal of a candidate whose retraining was settled otherwise."""
    pending = view.retraining
    if pending is not None and one.options.get("retraining") == pending.id:
        return ()
    reason = "its candidate is not to be tried any more"
    return (Expire(reason=reason, evidence=_evidence(one), intervention=one),)


def _begun(view: View, now: float) -> list[Action]:
    if view.incident is None and news(view, now):
        return []  # its incident comes first: what is done about it belongs to its story
    found: list[Action] = []
    for standing in standings(view, now):
        rule = standing.rule
        if not standing.holds:
            continue
        if standing.waits:
            pending = any(one.rule == rule.name and not one.over for one in view.interventions)
            if not pending:
                reason = f"the rule '{rule.name}' holds, but does not {rule.do}: {standing.waits}"
                found.append(Wait(reason=reason, evidence=dict(standing.numbers)))
            continue
        found.append(_of_rule(view, standing, now))
    return found


def _of_rule(view: View, standing: RuleStanding, now: float) -> Action:
    rule = standing.rule
    one = Intervention(
        id=f"{rule.name}-{int(now)}",
        endpoint=view.endpoint.name,
        playbook=rule.do,
        options=_options(view, rule),
        reason=f"{rule.name}: {standing.why}",
        rule=rule.name,
        incident=view.incident.id if view.incident else "",
        approval=standing.approval,
        decided=now,
        seen=seen_before(view),
    )
    if not standing.approval:
        return _start(view, one, one.reason, now, standing)
    planned = rule.do in TRAINING
    if planned:
        one = replace(one, steps=(f"{rule.do}, within {_budget(view)}, on data up to then",))
    return Propose(
        reason=f"{one.reason}; {standing.approval} must agree",
        evidence={**_evidence(one), **standing.numbers, **of_view(view)},
        intervention=one,
        planned=planned,
    )


def _start(
    view: View, one: Intervention, reason: str, now: float, standing: RuleStanding | None = None
) -> Action:
    numbers = dict(standing.numbers) if standing else {}
    evidence = {
        **_evidence(one),
        **numbers,
        **of_view(view),
        "signals": of_signals(view.signals),
    }
    if one.playbook not in TRAINING:
        return Intervene(reason=reason, evidence=evidence, intervention=one)
    retraining = Retraining(
        id=one.id,
        endpoint=one.endpoint,
        baseline=view.champion.version,
        decided=now,
        reason=reason,
        budget=view.policy.retraining_budget,
        incident=one.incident if view.incident and view.incident.status == "open" else "",
        mode=MODES[one.playbook],
        options=one.options,
        rule=one.rule,
    )
    return StartRetraining(
        reason=reason, evidence=evidence, retraining=retraining, intervention=one
    )


def _options(view: View, rule: LoopRuleSpec) -> dict[str, object]:
    """Return the rule's options; a column that breaks is found in the signals."""
    options = dict(rule.options)
    if rule.do == "quarantine" and not {"column", "columns"} & set(options):
        broken = [one for one in view.signals if one.kind == "quality" and one.column]
        worst = max(broken, key=lambda signal: signal.severity, default=None)
        if worst is not None:
            options["column"] = worst.column
    return options


def _budget(view: View) -> str:
    return format_duration(view.policy.retraining_budget)


def _evidence(one: Intervention) -> dict[str, object]:
    return {"intervention": one.id, "playbook": one.playbook, "options": one.options}
