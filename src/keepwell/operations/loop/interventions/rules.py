"""Which rules there are, which hold, and why one that holds may not act now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from keepwell.core.durations import format_duration
from keepwell.core.records import Intervention
from keepwell.core.rules import Comparison, parse, words_of
from keepwell.core.spec.looping import PLAYBOOKS, TRAINING, LoopRuleSpec
from keepwell.operations.loop.conditions import (
    SERVICE,
    AllOf,
    BrokenUpstream,
    BudgetLeft,
    Condition,
    CooldownPassed,
    EnoughLabels,
    Lasting,
    LoopEnabled,
    Not,
    RetrainingPending,
    RolloutRunning,
    RoomForTraining,
    SignalPresent,
    WithinHours,
    clock_time,
    condition_of,
    under_way,
)
from keepwell.operations.loop.policy import Policy
from keepwell.operations.loop.view import View

ANYONE = "anyone"
"""The role of whoever may act at all."""

QUIET = frozenset({"ask", "open_issue"})
"""Playbooks that tell somebody and change nothing."""
CHANGING = frozenset(PLAYBOOKS) - QUIET - TRAINING
"""Playbooks that change how an endpoint answers."""
ROUTING = CHANGING - {"scale"}
"""Those that change what a trial compares: never while a version is on trial."""

BUILTIN = (
    LoopRuleSpec(
        name="bad-deployment",
        when="(errors | latency) & recent_deploy & ~starved & ~load.high & ~rollout",
        do="roll_back",
        cooldown=21600.0,
    ),
    LoopRuleSpec(
        name="failing",
        when="error_rate > 50% & ~recent_deploy & ~starved",
        do="fall_back",
        cooldown=21600.0,
        approval=ANYONE,
    ),
    LoopRuleSpec(
        name="overload",
        when="latency & load.high & ~recent_deploy & ~starved",
        do="scale",
        cooldown=21600.0,
        approval=ANYONE,
        looks=3,
    ),
    LoopRuleSpec(
        name="broken-column",
        when="quality & (performance | estimated_performance | prediction_drift) & ~recent_deploy",
        do="quarantine",
        cooldown=21600.0,
        approval=ANYONE,
        looks=3,
    ),
)
"""What holds without any rule. Only going back to what served well an hour ago is done unasked; what costs
more, or changes answers, is proposed to whoever looks."""

_OF_SERVICE = ("latency", "errors", "error_rate", "resource", "objective", "starved", "load")
_OF_DAMAGE = ("quality", "missing", "cause")
_WORSE = "it made things worse"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleStanding:
    """How a rule stands at an endpoint now.

    Attributes:
        rule: The rule.
        builtin: It is none of the project's.
        holds: Its `when` held long enough.
        why: Why it holds or not.
        numbers: What that rests on.
        waits: Why it does not act although it holds; empty if nothing is in its way.
        approval: Role that must agree.
    """

    rule: LoopRuleSpec
    builtin: bool
    holds: bool
    why: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    waits: str = ""
    approval: str = ""


def rules_of(policy: Policy) -> tuple[LoopRuleSpec, ...]:
    """Return the rules that apply, the project's first; of the same name, its own counts."""
    own = policy.loop.rules
    names = {rule.name for rule in own}
    rest = BUILTIN if policy.loop.builtin else ()
    return (*own, *(rule for rule in rest if rule.name not in names))


def standings(view: View, now: float) -> tuple[RuleStanding, ...]:
    """Return how every rule stands: nothing is done by asking."""
    return tuple(standing(view, rule, now) for rule in rules_of(view.policy))


def standing(view: View, rule: LoopRuleSpec, now: float) -> RuleStanding:
    """Return how a rule stands."""
    finding = lasting(rule).check(view, now)
    return RuleStanding(
        rule=rule,
        builtin=rule in BUILTIN,
        holds=finding.holds,
        why=_why(condition_of(rule.when), view, now) if finding.holds else finding.reason,
        numbers=finding.numbers,
        waits=obstacle(view, rule, now) if finding.holds else "",
        approval=approval_of(rule, view.policy),
    )


def _why(condition: Condition, view: View, now: float) -> str:
    """Return why a condition holds, without all that is not the case."""
    if not isinstance(condition, AllOf):
        return condition.check(view, now).reason
    telling = [part for part in condition.parts if not isinstance(part, Not)] or condition.parts
    return "; ".join(part.check(view, now).reason for part in telling)


def lasting(rule: LoopRuleSpec) -> Condition:
    """Return that its `when` held at as many looks as it asks for."""
    return Lasting(part=condition_of(rule.when), looks=rule.looks)


def lacking(rule: LoopRuleSpec) -> Condition:
    """Return that its `when` did not hold at as many looks."""
    return Lasting(part=~condition_of(rule.when), looks=rule.looks)


def rule_named(view: View, name: str) -> LoopRuleSpec | None:
    """Return the rule of a name; None if it is gone."""
    return next((rule for rule in rules_of(view.policy) if rule.name == name), None)


def approval_of(rule: LoopRuleSpec, policy: Policy) -> str:
    """Return the role that must agree before the rule acts; empty for nobody."""
    return rule.approval or (policy.loop.limits.approval if rule.do in CHANGING else "")


def obstacle(view: View, rule: LoopRuleSpec, now: float) -> str:
    """Return why a rule that holds may not act now; empty if nothing is in its way."""
    if rule.do == "roll_back" and not view.previous:
        return "no other version served before"
    pending = next((one for one in view.interventions if _same(one, rule) and not one.over), None)
    if pending is not None:
        return _pending(pending)
    return resting(view, rule, now) or hindrance(view, rule.do, now, rule=rule)


def hindrance(view: View, playbook: str, now: float, *, rule: LoopRuleSpec | None = None) -> str:
    """Return what forbids a playbook now, whoever asks for it; a person is not bound by hours."""
    gates: list[Condition] = []
    if rule is not None:
        gates += [LoopEnabled(), WithinHours()]
    if playbook in ROUTING:
        gates.append(~RolloutRunning())
    if playbook in TRAINING:
        gates += _of_training(playbook, rule)
    for gate in gates:
        finding = gate.check(view, now)
        if not finding.holds:
            return finding.reason
    busy = under_way(view) if playbook in CHANGING else ""
    return f"{busy} is being done or watched: one thing at a time" if busy else ""


def _of_training(playbook: str, rule: LoopRuleSpec | None) -> list[Condition]:
    gates: list[Condition] = [
        ~RolloutRunning(),
        ~RetrainingPending(),
        RoomForTraining(),
        BudgetLeft(),
    ]
    if rule is None:
        return gates
    gates.append(CooldownPassed())
    if playbook != "compress":  # which learns nothing new
        gates.append(EnoughLabels())
        if not _speaks_of(rule, _OF_SERVICE):
            gates.append(~SignalPresent(kinds=SERVICE))
        if not _speaks_of(rule, _OF_DAMAGE):
            gates.append(~BrokenUpstream())
    return gates


def _speaks_of(rule: LoopRuleSpec, words: tuple[str, ...]) -> bool:
    """Tell whether whoever wrote the rule had such a thing in mind: then they are not second-guessed."""
    for word in words_of(parse(rule.when)):
        name = word.measure if isinstance(word, Comparison) else word.name
        if name.startswith(words):
            return True
    return False


def resting(view: View, rule: LoopRuleSpec, now: float) -> str:
    """Return that the rule's cooldown is not over; four times as long after it did harm."""
    mine = [one for one in view.interventions if one.rule == rule.name and one.over]
    if not mine:
        return ""
    last = mine[-1]
    harmed = last.status == "undone" and last.outcome.startswith(_WORSE)
    cooldown = rule.cooldown * (view.policy.limits.rest if harmed else 1.0)
    ends = (last.ended or last.decided) + cooldown
    if now >= ends:
        return ""
    after = " after it made things worse" if harmed else ""
    return f"its cooldown of {format_duration(cooldown)}{after} ends at {clock_time(ends)}"


def worsened(what: str) -> str:
    """Return the reason of an undoing for harm."""
    return f"{_WORSE}: {what}"


def _same(one: Intervention, rule: LoopRuleSpec) -> bool:
    return one.rule == rule.name or (one.playbook == rule.do and rule.do in CHANGING)


def _pending(one: Intervention) -> str:
    if one.status == "proposed":
        who = "somebody" if one.approval in ("", ANYONE) else f"the role {one.approval}"
        return f"it waits for {who} to agree: keepwell loop approve {one.id}"
    return (
        f"{one.playbook} is {'being done' if one.status in ('approved', 'acting') else 'in force'}"
    )
