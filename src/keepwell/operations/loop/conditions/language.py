"""What the words of `when` mean: expressions become conditions.

condition_of("drift & load.normal & ~recent_deploy(2h)").check(view, now)
"""

from functools import lru_cache

from keepwell.core.durations import parse_duration
from keepwell.core.rules import (
    And,
    Comparison,
    Expression,
    Hours,
    Or,
    Without,
    Word,
    parse,
)
from keepwell.operations.loop.conditions.base import AllOf, AnyOf, Condition
from keepwell.operations.loop.conditions.load import LoadIs
from keepwell.operations.loop.conditions.measured import Compared
from keepwell.operations.loop.conditions.readiness import (
    EnoughLabels,
    RetrainingPending,
    RolloutRunning,
)
from keepwell.operations.loop.conditions.story import (
    IncidentOpen,
    InterventionInForce,
    LikeliestCause,
    RecentChange,
    SignalAbout,
    Starved,
    TimeOfDay,
)

RECENT = 3600.0
"""Seconds that count as recent unless a duration is given."""

_PLAIN: dict[str, Condition] = {
    "signal": SignalAbout(),
    "load.low": LoadIs(level="low"),
    "load.normal": LoadIs(level="normal"),
    "load.high": LoadIs(level="high"),
    "rollout": RolloutRunning(),
    "retraining": RetrainingPending(),
    "intervention": InterventionInForce(),
    "enough_labels": EnoughLabels(),
    "starved": Starved(),
}


@lru_cache(maxsize=256)
def condition_of(text: str) -> Condition:
    """Return the condition that a text says.

    Raises:
        LanguageError: If it cannot be understood.
    """
    return meaning(parse(text))


def meaning(expression: Expression) -> Condition:
    """Return the condition that an expression says."""
    match expression:
        case And(parts=parts):
            return AllOf(parts=tuple(meaning(part) for part in parts))
        case Or(parts=parts):
            return AnyOf(parts=tuple(meaning(part) for part in parts))
        case Without(part=part):
            return ~meaning(part)
        case Comparison(measure=measure, operator=operator, limit=limit):
            return Compared(measure=measure, operator=operator, limit=limit)
        case Word(name=name, about=about):
            return _word(name, about)


def _word(name: str, about: str) -> Condition:
    if name in _PLAIN:
        return _PLAIN[name]
    match name:
        case "recent_deploy" | "recent_promotion":
            seconds = parse_duration(about) if about else RECENT
            return RecentChange(seconds=seconds, champion=name == "recent_promotion")
        case "incident":
            return IncidentOpen(seconds=parse_duration(about) if about else 0.0)
        case "cause":
            return LikeliestCause(kind=about)
        case "time":
            return TimeOfDay(hours=Hours.parse(about))
        case _:
            kinds = {"alert", "alert_retrain"} if name == "alert" else {name}
            return SignalAbout(kinds=frozenset(kinds), column=about)
