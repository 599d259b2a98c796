"""Conditions: what must hold before the loop does something.

    may_retrain = LoopEnabled() & EnoughLabels() & CooldownPassed() & ~RolloutRunning()
    may_retrain.check(view, now).reason        # "the cooldown of 6h ends at 2026-03-01 14:05 UTC"

Each is a frozen value with one question, `check(view, now)`, whose answer carries its reason and its
numbers. They compose with `&`, `|`, `~`, and over looks with `Lasting` and `NewlyTrue`.
"""

from keepwell.operations.loop.conditions.base import AllOf, AnyOf, Condition, Finding, Not
from keepwell.operations.loop.conditions.duration import Lasting, NewlyTrue
from keepwell.operations.loop.conditions.readiness import (
    AttemptsLeft,
    EnoughLabels,
    LoopEnabled,
    RetrainingPending,
    RolloutRunning,
)
from keepwell.operations.loop.conditions.signals import (
    SERVICE,
    NewSignal,
    Quiet,
    SignalPresent,
    identity,
    news,
)
from keepwell.operations.loop.conditions.timing import (
    CooldownPassed,
    RecentDeployment,
    ScheduleDue,
    clock_time,
)

__all__ = [
    "SERVICE",
    "AllOf",
    "AnyOf",
    "AttemptsLeft",
    "Condition",
    "CooldownPassed",
    "EnoughLabels",
    "Finding",
    "Lasting",
    "LoopEnabled",
    "NewSignal",
    "NewlyTrue",
    "Not",
    "Quiet",
    "RecentDeployment",
    "RetrainingPending",
    "RolloutRunning",
    "ScheduleDue",
    "SignalPresent",
    "clock_time",
    "identity",
    "news",
]
