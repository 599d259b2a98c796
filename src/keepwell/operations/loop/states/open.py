"""An incident is open: gather its signals, and retrain as soon as that is allowed and makes sense."""

from keepwell.core.records import Incident, Intervention, Signal
from keepwell.operations.loop.actions import (
    Action,
    AddSignals,
    CloseIncident,
    StartRetraining,
    Wait,
)
from keepwell.operations.loop.causes import rank
from keepwell.operations.loop.causes.breaks import broken
from keepwell.operations.loop.conditions import (
    SERVICE,
    SHORTAGE,
    AttemptsLeft,
    BrokenUpstream,
    BudgetLeft,
    CooldownPassed,
    EnoughLabels,
    InterventionUnderWay,
    LikeliestCause,
    LoopEnabled,
    ProofDue,
    Quiet,
    RetrainingPending,
    RolloutRunning,
    RoomForTraining,
    SignalPresent,
    TrainingAwaited,
    WithinHours,
    identity,
    newest_of,
    news,
    unproven,
)
from keepwell.operations.loop.evidence import of_signals, of_view
from keepwell.operations.loop.interventions.agreement import ROLL_OUT
from keepwell.operations.loop.retrainings import Retraining, Window
from keepwell.operations.loop.states.settlement import settle
from keepwell.operations.loop.view import View

MAY_RETRAIN = (
    LoopEnabled()
    & EnoughLabels()
    & CooldownPassed()
    & ~RolloutRunning()
    & ~RetrainingPending()
    & ~SignalPresent(kinds=SERVICE | SHORTAGE)
    & ~LikeliestCause(kind="host")
    & ~BrokenUpstream()
    & ~InterventionUnderWay()
    & ~TrainingAwaited()
    & WithinHours()
    & RoomForTraining()
    & BudgetLeft()
)
"""When an open incident's retraining starts. While the service itself fails or is slow, or the machine is
short of something, it does not: what is lost to a starved machine, training cannot bring back. Nor while a
column is broken upstream: training would learn the break."""

MAY_PROVE = (
    LoopEnabled()
    & ProofDue()
    & ~RolloutRunning()
    & ~RetrainingPending()
    & ~SignalPresent(kinds=SERVICE | SHORTAGE)
    & ~BrokenUpstream()
    & ~InterventionUnderWay()
    & ~TrainingAwaited()
    & WithinHours()
    & RoomForTraining()
)
"""When a challenger that was likely better is compared with the champion again, incident or not."""

_GROWN = 1.25
"""How many times its recorded value a signal must reach to be written down again."""


def next_actions(view: View, now: float) -> tuple[Action, ...]:
    """Return what to do about an open incident that nothing has been started for."""
    incident = view.incident
    if incident is None:
        return ()
    limits = view.policy.limits
    looks = min(limits.quiet_looks * 2**incident.reopened, limits.most_quiet_looks)
    calmed = Quiet(looks=max(looks, limits.quiet_looks), since=incident.opened).check(view, now)
    if calmed.holds:
        return (_passed(view, incident, calmed.reason),)
    if view.retraining is not None:  # a scheduled one, or one that could not be stopped
        if incident.failures >= view.policy.limits.failures:
            return (_given_up(view, incident, "its retraining cannot be ended", now),)
        return (*settle(view, view.retraining, now), *additions(view, incident, now))
    if not AttemptsLeft().check(view, now).holds:
        spent = f"all {view.policy.limits.attempts} retrainings of this incident are used up"
        return (_given_up(view, incident, spent, now),)
    return (*additions(view, incident, now), _next(view, incident, now))


def additions(view: View, incident: Incident, now: float) -> tuple[Action, ...]:
    """Return the signals that are new to the incident or grew clearly since they were recorded."""
    known = {identity(signal): signal for signal in incident.signals}
    fresh = tuple(
        signal for signal in news(view, now) if _tells_more(signal, known.get(identity(signal)))
    )
    if not fresh:
        return ()
    return (
        AddSignals(
            reason="; ".join(signal.message for signal in fresh),
            evidence={"signals": of_signals(fresh), **of_view(view)},
            signals=fresh,
            causes=rank(view, newest_of((*incident.signals, *view.signals))),
        ),
    )


def _tells_more(signal: Signal, known: Signal | None) -> bool:
    if known is None or (broken(signal) and not broken(known)):
        return True
    return abs(signal.value) > _GROWN * abs(known.value)


def _next(view: View, incident: Incident, now: float) -> Action:
    busy = InterventionUnderWay().check(view, now)
    if busy.holds:
        return Wait(reason=busy.reason, evidence=of_view(view))
    proof = proving(view, now, incident.id)
    if proof is not None:
        return proof
    handled = {identity(s) for s in view.signals if s.known}
    retrainable = [
        s
        for s in incident.signals
        if s.kind in view.policy.retrainable and identity(s) not in handled
    ]
    if not retrainable:
        kinds = ", ".join(sorted({signal.kind for signal in incident.signals}))
        return Wait(
            reason=f"retraining does not answer {kinds} (loop.retrain.on): somebody should look",
            evidence=of_view(view),
            helpless=True,
        )
    ready = MAY_RETRAIN.check(view, now)
    evidence = {**of_view(view), **ready.numbers, "signals": of_signals(incident.signals)}
    if not ready.holds:
        return Wait(reason=ready.reason, evidence=evidence)
    reason = f"retrain on data up to now, because {incident.title[:1].lower()}{incident.title[1:]}"
    retraining = Retraining(
        id=f"{incident.id}-{incident.attempts + 1}",
        endpoint=view.endpoint.name,
        baseline=view.champion.version,
        decided=now,
        reason=reason,
        incident=incident.id,
        windows=windows(incident, retrainable),
        budget=view.policy.retraining_budget,
        mistrusted=_mistrusted(retrainable),
    )
    return StartRetraining(
        reason=reason,
        evidence={**evidence, "attempt": incident.attempts + 1, "budget": retraining.budget},
        retraining=retraining,
    )


def proving(view: View, now: float, incident: str = "") -> StartRetraining | None:
    """Return the start of a proof, if one is due and may be made."""
    waiting, ready = unproven(view), MAY_PROVE.check(view, now)
    if waiting is None or not ready.holds:
        return None
    reason = (
        f"version {waiting.version} was likely better than version {view.champion.version}, not beyond doubt:"
        " they are compared again, on the rows since it was trained"
    )
    return StartRetraining(
        reason=reason,
        evidence={**of_view(view), **ready.numbers},
        retraining=Retraining(
            id=f"proof-{waiting.version}-{waiting.proofs + 1}",
            endpoint=view.endpoint.name,
            baseline=view.champion.version,
            decided=now,
            reason=reason,
            incident=incident,
            windows=(Window(name="proof", since=view.moment(waiting.since, now), older=0.0),),
            mode="prove",
            candidate=waiting.version,
        ),
    )


def windows(incident: Incident, signals: list[Signal]) -> tuple[Window, ...]:
    """Return the choices of rows, most promising first.

    Where performance fell, old rows may teach what is no longer true; where only inputs moved, they
    still help. Which of the choices is best is found out on held-out rows, not here.
    """
    since = incident.detected
    recent = Window(name="recent", since=since, older=0.0)
    weighted = Window(name="weighted", since=since, older=0.2)
    everything = Window(name="all")
    if _mistrusted(signals):
        return recent, weighted, everything
    return everything, weighted, recent


def _mistrusted(signals: list[Signal]) -> bool:
    return any(signal.kind in ("performance", "concept_drift") for signal in signals)


def _passed(view: View, incident: Incident, reason: str) -> CloseIncident:
    look = view.look
    now = view.champion.version  # a signal of version 0 is about the endpoint as a whole
    first = next((signal.version for signal in incident.signals if signal.version), now)
    replaced = first != view.champion.version
    helped = [one for one in view.interventions if _helped(one, incident)]
    if helped:
        done = " and ".join(f"{one.playbook} ({one.id})" for one in helped)
        effects = "; ".join(one.measured.reason for one in helped if one.measured.reason)
        return CloseIncident(
            reason=reason,
            evidence={**of_view(view), "interventions": [one.id for one in helped]},
            resolution="healed",
            summary=f"{done} healed it: the signals are gone"
            + (f". {effects}." if effects else "."),
        )
    seen = look is not None and look.rows >= view.policy.monitor.min_rows
    healed = replaced and seen
    how = (
        f"version {view.champion.version} took over from version {first}, and the signals are gone"
        if replaced
        else "the signals went away by themselves; nothing was changed"
    )
    tried = f" after {incident.attempts} retraining(s)" if incident.attempts else ""
    return CloseIncident(
        reason=reason,
        evidence=of_view(view),
        resolution="healed" if healed else "no_change",
        summary=f"{how[:1].upper()}{how[1:]}{tried}.",
    )


def _helped(one: Intervention, incident: Incident) -> bool:
    """Tell whether an intervention was carried out for an incident and is in force, or was kept."""
    told = one.playbook in (ROLL_OUT, "ask", "open_issue")
    mine = one.incident == incident.id or (
        not one.incident and (one.began or 0.0) >= incident.detected
    )
    return mine and not told and one.status in ("watching", "kept")


def _given_up(view: View, incident: Incident, reason: str, now: float) -> CloseIncident:
    last = str(incident.evidence.get("last_attempt", "it had no result"))
    return CloseIncident(
        reason=reason,
        evidence={"attempts": incident.attempts, "last_attempt": last, **of_view(view)},
        resolution="failed",
        summary=f"{incident.attempts} retraining(s) brought no better model. The last one: {last}."
        f" Version {view.champion.version} goes on serving.",
        accepted=news(view, now),
        accepted_until=now + view.policy.rest,
    )
