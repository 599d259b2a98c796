"""What the loop sees of an endpoint, what it waits for, and how its rules and limits stand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from keepwell.core.durations import format_duration
from keepwell.core.records import Intervention
from keepwell.operations.loop.actions import Action, Wait
from keepwell.operations.loop.conditions import (
    BudgetLeft,
    Condition,
    CooldownPassed,
    EnoughLabels,
    LoopEnabled,
    RoomForTraining,
    WithinHours,
    labels_needed,
)
from keepwell.operations.loop.evidence import json_ready
from keepwell.operations.loop.interventions.rules import standings
from keepwell.operations.loop.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """A rule at an endpoint.

    Attributes:
        name: Its name.
        when: Its condition.
        do: Its playbook.
        builtin: It is none of the project's.
        holds: Whether its condition held long enough.
        why: Why it does or does not.
        waits: Why it does not act although it holds.
        approval: Role that must agree.
    """

    name: str
    when: str
    do: str
    builtin: bool
    holds: bool
    why: str
    waits: str = ""
    approval: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitLine:
    """A limit, and how it stands: `used` and `allowed` in words, empty where there is nothing to count."""

    name: str
    holds: bool
    why: str
    used: str = ""
    allowed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopStatus:
    """The loop at one endpoint, as of its newest look.

    Attributes:
        endpoint: Its name.
        time: When it looked, Unix seconds.
        champion: The champion's version.
        sees: What the monitor reports, in sentences.
        load: `low`, `normal`, `high`; empty where it is not known.
        incident: Id of the open incident; empty if there is none.
        title: Its title.
        state: What is being done about it.
        does: What was decided at that look, verb by verb.
        waits: What the loop waits for; empty if for nothing.
        rules: How the rules stand.
        limits: How the limits stand.
        interventions: What is proposed, being done or in force.
        measures: The measured numbers, without those of columns.
    """

    endpoint: str
    time: float
    champion: int
    sees: tuple[str, ...] = ()
    load: str = ""
    incident: str = ""
    title: str = ""
    state: str = ""
    does: tuple[str, ...] = ()
    waits: str = ""
    rules: tuple[RuleLine, ...] = ()
    limits: tuple[LimitLine, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    measures: dict[str, Any] = field(default_factory=dict)


def status_of(view: View, actions: Sequence[Action], now: float) -> LoopStatus:
    """Return how the loop stands at an endpoint; nothing is done by asking."""
    incident = view.incident
    waits = next((action.reason for action in actions if isinstance(action, Wait)), "")
    return LoopStatus(
        endpoint=view.endpoint.name,
        time=now,
        champion=view.champion.version,
        sees=tuple(signal.message for signal in view.signals),
        load=view.load.level,
        incident=incident.id if incident else "",
        title=incident.title if incident else "",
        state=incident.status if incident else "calm",
        does=tuple(action.verb for action in actions if not isinstance(action, Wait)),
        waits=waits,
        rules=rule_lines(view, now),
        limits=limit_lines(view, now),
        interventions=tuple(one for one in view.interventions if not one.over),
        measures=json_ready(
            {
                name: value
                for name, value in view.measures.items()
                if not name.startswith(("drift:", "missing:"))
            }
        ),
    )


def rule_lines(view: View, now: float) -> tuple[RuleLine, ...]:
    """Return how every rule stands at an endpoint."""
    return tuple(
        RuleLine(
            name=one.rule.name,
            when=one.rule.when,
            do=one.rule.do,
            builtin=one.builtin,
            holds=one.holds,
            why=one.why,
            waits=one.waits,
            approval=one.approval,
        )
        for one in standings(view, now)
    )


def limit_lines(view: View, now: float) -> tuple[LimitLine, ...]:
    """Return how every limit stands at an endpoint."""
    limits = view.policy.loop.limits
    spent = format_duration(view.training.used)
    budget = "" if limits.budget is None else format_duration(limits.budget)
    per = format_duration(limits.per)
    lines: list[tuple[str, Condition, str, str]] = [
        ("enabled", LoopEnabled(), "", ""),
        ("hours", WithinHours(), "", limits.hours or "always"),
        (
            "retrainings elsewhere",
            RoomForTraining(),
            str(view.training.running),
            str(limits.concurrency),
        ),
        ("training", BudgetLeft(), spent, f"{budget} per {per}" if budget else f"any, per {per}"),
        ("cooldown", CooldownPassed(), "", format_duration(view.policy.loop.retrain.cooldown)),
        (
            "outcomes",
            EnoughLabels(),
            f"{view.labels:,}",
            f"{labels_needed(view):,}",
        ),
    ]
    found = []
    for name, condition, used, allowed in lines:
        finding = condition.check(view, now)
        found.append(
            LimitLine(
                name=name, holds=finding.holds, why=finding.reason, used=used, allowed=allowed
            )
        )
    if limits.approval:
        reason = f"the role {limits.approval} must agree before an endpoint changes"
        found.append(LimitLine(name="approval", holds=True, why=reason, allowed=limits.approval))
    return tuple(found)
