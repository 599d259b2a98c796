"""No incident: watch for one, and keep the schedule."""

from keepwell.operations.loop.actions import (
    Action,
    OpenIncident,
    StartRetraining,
    StartRollout,
    Wait,
)
from keepwell.operations.loop.causes import rank
from keepwell.operations.loop.conditions import (
    SERVICE,
    BudgetLeft,
    CooldownPassed,
    LoopEnabled,
    NewSignal,
    RecentDeployment,
    RetrainingPending,
    RolloutRunning,
    RoomForTraining,
    ScheduleDue,
    SignalPresent,
    WithinHours,
    news,
)
from keepwell.operations.loop.evidence import of_signals, of_view
from keepwell.operations.loop.retrainings import Retraining
from keepwell.operations.loop.states.settlement import settle
from keepwell.operations.loop.states.titles import title_of
from keepwell.operations.loop.view import View

LIMITS = WithinHours() & RoomForTraining() & BudgetLeft()
"""What `loop.limits` says of every retraining, whoever asks for it."""

SCHEDULED_OTHERWISE = (
    ScheduleDue()
    & LoopEnabled()
    & CooldownPassed()
    & ~RolloutRunning()
    & ~RetrainingPending()
    & ~SignalPresent(kinds=SERVICE)
)
"""The schedule asks for a retraining, and nothing but the limits can stand in its way."""

SCHEDULED = SCHEDULED_OTHERWISE & LIMITS
"""When the schedule starts a retraining."""


def next_actions(view: View, now: float) -> tuple[Action, ...]:
    """Return what to do while there is no incident."""
    settled = settle(view, view.retraining, now) if view.retraining else ()
    if view.rollout or any(isinstance(action, StartRollout) for action in settled):
        return settled
    return (*settled, *_watched(view, now))


def _watched(view: View, now: float) -> tuple[Action, ...]:
    limits = view.policy.limits
    appeared = NewSignal(looks=limits.looks)
    if appeared.check(view, now).holds:
        recent = RecentDeployment(seconds=limits.looks * view.policy.monitor.every)
        fresh = recent.check(view, now)
        if fresh.holds:
            return (Wait(reason=fresh.reason, evidence=fresh.numbers),)
        return (_opened(view, appeared, now),)
    if view.retraining is None:
        return _scheduled(view, now)
    return ()


def _opened(view: View, appeared: NewSignal, now: float) -> OpenIncident:
    lasting = appeared.signals(view, now)
    fresh = news(view, now)
    return OpenIncident(
        reason=appeared.check(view, now).reason,
        evidence={"signals": of_signals(fresh), **of_view(view)},
        title=title_of(view, lasting),
        signals=fresh,
        causes=rank(view, view.signals),
        detected=min((signal.since for signal in lasting if signal.since), default=now),
    )


def _scheduled(view: View, now: float) -> tuple[Action, ...]:
    finding = SCHEDULED.check(view, now)
    if not finding.holds:
        limits, due = LIMITS.check(view, now), SCHEDULED_OTHERWISE.check(view, now)
        if due.holds and not limits.holds:
            reason = f"the retraining of the schedule waits: {limits.reason}"
            return (Wait(reason=reason, evidence=limits.numbers),)
        return ()
    reason = ScheduleDue().check(view, now).reason
    retraining = Retraining(
        id=f"scheduled-{int(finding.numbers['due'])}",
        endpoint=view.endpoint.name,
        baseline=view.champion.version,
        decided=now,
        reason=reason,
        budget=view.policy.retraining_budget,
    )
    evidence = {**finding.numbers, **of_view(view)}
    return (StartRetraining(reason=reason, evidence=evidence, retraining=retraining),)
