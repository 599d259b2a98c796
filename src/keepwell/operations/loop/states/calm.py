"""No incident: watch for one, and keep the schedule."""

from keepwell.core.records import Incident
from keepwell.operations.loop.actions import (
    Action,
    OpenIncident,
    ReopenIncident,
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
    RowsHaveGrown,
    ScheduleDue,
    SignalPresent,
    WithinHours,
    identity,
    news,
)
from keepwell.operations.loop.evidence import of_signals, of_view
from keepwell.operations.loop.retrainings import Retraining
from keepwell.operations.loop.states.open import proving
from keepwell.operations.loop.states.settlement import settle
from keepwell.operations.loop.states.titles import title_of
from keepwell.operations.loop.view import View

LIMITS = WithinHours() & RoomForTraining() & BudgetLeft()
"""What `loop.limits` says of every retraining, whoever asks for it."""

SCHEDULED_OTHERWISE = (
    (ScheduleDue() | (RowsHaveGrown() & ~NewSignal()))
    & LoopEnabled()
    & CooldownPassed()
    & ~RolloutRunning()
    & ~RetrainingPending()
    & ~SignalPresent(kinds=SERVICE)
)
"""The schedule or the number of rows asks for a retraining, and only the limits can stand in its way."""

SCHEDULED = SCHEDULED_OTHERWISE & LIMITS
"""When one is started for that."""


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
        earlier = _relapsed(view, appeared, now)
        if earlier is not None:
            return (_reopened(view, appeared, earlier, now),)
        return (_opened(view, appeared, now),)
    if view.retraining is not None:
        return ()
    proof = proving(view, now)
    return _scheduled(view, now) if proof is None else (proof,)


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


def _relapsed(view: View, appeared: NewSignal, now: float) -> Incident | None:
    """Return the incident that the signals left a short while ago; None if they are another one's."""
    back = {identity(signal) for signal in appeared.signals(view, now)}
    for incident in view.memory.lately:
        known = {identity(signal) for signal in incident.signals}
        if incident.closed is None or not back & known:
            continue
        if now - view.moment(incident.closed, now) <= view.policy.relapse:
            return incident
    return None


def _reopened(view: View, appeared: NewSignal, incident: Incident, now: float) -> ReopenIncident:
    fresh = news(view, now)
    return ReopenIncident(
        reason=f"the signals are back: {appeared.check(view, now).reason}",
        evidence={"signals": of_signals(fresh), **of_view(view)},
        incident=incident,
        signals=fresh,
        causes=rank(view, view.signals),
    )


def _scheduled(view: View, now: float) -> tuple[Action, ...]:
    finding = SCHEDULED.check(view, now)
    if not finding.holds:
        limits, due = LIMITS.check(view, now), SCHEDULED_OTHERWISE.check(view, now)
        if due.holds and not limits.holds:
            reason = f"a retraining without an incident waits: {limits.reason}"
            return (Wait(reason=reason, evidence=limits.numbers),)
        return ()
    due = ScheduleDue().check(view, now)
    grown = RowsHaveGrown().check(view, now)
    reason = (due if due.holds else grown).reason
    retraining = Retraining(
        id=f"scheduled-{int(due.numbers['due'])}" if due.holds else f"grown-{view.known}",
        endpoint=view.endpoint.name,
        baseline=view.champion.version,
        decided=now,
        reason=reason,
        budget=view.policy.retraining_budget,
    )
    evidence = {**finding.numbers, **of_view(view)}
    return (StartRetraining(reason=reason, evidence=evidence, retraining=retraining),)
