"""Conditions: what must hold before the loop does something.

    may_retrain = LoopEnabled() & EnoughLabels() & CooldownPassed() & ~RolloutRunning()
    may_retrain.check(view, now).reason        # "the cooldown of 6h ends at 2026-03-01 14:05 UTC"

Each is a frozen value with one question, `check(view, now)`, whose answer carries its reason and its
numbers. They compose with `&`, `|`, `~`, and over looks with `Lasting` and `NewlyTrue`.
"""

from keepwell.operations.loop.conditions.base import AllOf, AnyOf, Condition, Finding, Not
from keepwell.operations.loop.conditions.damage import BrokenUpstream, newest_of
from keepwell.operations.loop.conditions.duration import Lasting, NewlyTrue
from keepwell.operations.loop.conditions.language import condition_of, meaning
from keepwell.operations.loop.conditions.limits import BudgetLeft, RoomForTraining, WithinHours
from keepwell.operations.loop.conditions.load import LoadIs
from keepwell.operations.loop.conditions.measured import Compared
from keepwell.operations.loop.conditions.readiness import (
    AttemptsLeft,
    EnoughLabels,
    LoopEnabled,
    ProofDue,
    RetrainingPending,
    RolloutRunning,
    RowsHaveGrown,
    labels_needed,
    proofs_of,
    unproven,
)
from keepwell.operations.loop.conditions.signals import (
    SERVICE,
    SHORTAGE,
    NewSignal,
    Quiet,
    SignalPresent,
    identity,
    news,
)
from keepwell.operations.loop.conditions.story import (
    IncidentOpen,
    InterventionInForce,
    InterventionUnderWay,
    LikeliestCause,
    RecentChange,
    SignalAbout,
    Starved,
    TimeOfDay,
    TrainingAwaited,
    under_way,
)
from keepwell.operations.loop.conditions.timing import (
    CooldownPassed,
    RecentDeployment,
    ScheduleDue,
    clock_time,
)

__all__ = [
    "SERVICE",
    "SHORTAGE",
    "AllOf",
    "AnyOf",
    "AttemptsLeft",
    "BrokenUpstream",
    "BudgetLeft",
    "Compared",
    "Condition",
    "CooldownPassed",
    "EnoughLabels",
    "Finding",
    "IncidentOpen",
    "InterventionInForce",
    "InterventionUnderWay",
    "Lasting",
    "LikeliestCause",
    "LoadIs",
    "LoopEnabled",
    "NewSignal",
    "NewlyTrue",
    "Not",
    "ProofDue",
    "Quiet",
    "RecentChange",
    "RecentDeployment",
    "RetrainingPending",
    "RolloutRunning",
    "RoomForTraining",
    "RowsHaveGrown",
    "ScheduleDue",
    "SignalAbout",
    "SignalPresent",
    "Starved",
    "TimeOfDay",
    "TrainingAwaited",
    "WithinHours",
    "clock_time",
    "condition_of",
    "identity",
    "labels_needed",
    "meaning",
    "newest_of",
    "news",
    "proofs_of",
    "under_way",
    "unproven",
]
