"""An objective's budget: how much of it is left, how fast it goes, and whether to wake somebody."""

from dataclasses import dataclass

from keepwell.core.durations import format_duration
from keepwell.core.records import Signal
from keepwell.core.spec.objectives import ObjectiveSpec
from keepwell.monitoring.objectives.tally import Sums
from keepwell.monitoring.report import Scope
from keepwell.monitoring.words import number, percent

_A_FEW = 5  # requests, or minutes: fewer that are not good are an accident
_MINUTE = 60.0
_BY_REQUEST = ("latency", "availability")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Two windows and the burn rate that is too much in both.

    Attributes:
        burn: How many times faster than evenly.
        long: Seconds of the window that says that it matters.
        short: Seconds of the one that says that it still goes on.
        severity: Of its signal.
    """

    burn: float
    long: float
    short: float
    severity: float


ALARMS = (
    Alarm(burn=14.4, long=3600.0, short=300.0, severity=1.0),
    Alarm(burn=6.0, long=21600.0, short=1800.0, severity=0.8),
    Alarm(burn=1.0, long=259200.0, short=21600.0, severity=0.4),
)
"""The workbook's table 5-8: 2% of a month's budget in an hour, 5% in six hours, 10% in three days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """How fast the budget goes, in the windows of one alarm.

    Attributes:
        alarm: The windows, and what is too much.
        long: Burn rate in the long window.
        short: In the short one.
        firing: It is too much in both, and more than an accident.
    """

    alarm: Alarm
    long: float = 0.0
    short: float = 0.0
    firing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How an objective stands.

    Attributes:
        objective: What was promised; uptime is told like one, without a promise.
        good: Requests, or seconds, that were good in the period.
        total: Of how many.
        share: Good of total; None where there was nothing.
        left: Share of the budget that is left; below 0 it is overdrawn; None where there was nothing.
        burns: How fast it goes, by alarm.
        since: When counting began, or the period.
        now: What was measured at the last look: a latency, an age, a metric; None where there was none.
    """

    objective: ObjectiveSpec
    good: float = 0.0
    total: float = 0.0
    share: float | None = None
    left: float | None = None
    burns: tuple[Burn, ...] = ()
    since: float = 0.0
    now: float | None = None


def budget_of(
    objective: ObjectiveSpec, sums: Sums, time: float, *, now: float | None = None
) -> Budget:
    """Return how an objective stands at a time; `now` is what was measured at the last look."""
    start = time - objective.period
    good, total = sums.since(start)
    allowed = 1 - objective.target
    share = good / total if total else None
    return Budget(
        objective=objective,
        good=good,
        total=total,
        share=share,
        left=None if share is None else 1 - (1 - share) / allowed,
        burns=tuple(_burn(objective, sums, alarm, time) for alarm in ALARMS),
        since=max(start, sums.times[0]) if sums.times else time,
        now=now,
    )


def _burn(objective: ObjectiveSpec, sums: Sums, alarm: Alarm, time: float) -> Burn:
    allowed = 1 - objective.target
    rates, bad = [], 0.0
    for window in (alarm.long, alarm.short):
        good, total = sums.since(time - window)
        rates.append((total - good) / total / allowed if total else 0.0)
        bad = bad or total - good
    few = _A_FEW if objective.kind in _BY_REQUEST else _A_FEW * _MINUTE
    firing = all(rate >= alarm.burn for rate in rates) and bad >= few
    return Burn(alarm=alarm, long=rates[0], short=rates[1], firing=firing)


def verdict(budget: Budget, *, endpoint: str, time: float) -> Signal | None:
    """Return a signal for the gravest alarm that fires, None if none does."""
    burn = next((one for one in budget.burns if one.firing), None)
    if burn is None:
        return None
    objective, alarm = budget.objective, burn.alarm
    scope = Scope(endpoint=endpoint, version=0, since=time - alarm.long, until=time)
    left = ""
    if budget.left is not None:
        left = f"; {percent(budget.left)} of it is left" if budget.left > 0 else "; none is left"
    return scope.signal(
        "objective",
        f"`{objective.name}` uses up its budget {number(burn.long)} times too fast over"
        f" {format_duration(alarm.long)}, and still does{left}",
        value=burn.long,
        limit=alarm.burn,
        severity=alarm.severity,
        rows=round(budget.total) if objective.kind in _BY_REQUEST else 0,
        column=objective.name,
    )
