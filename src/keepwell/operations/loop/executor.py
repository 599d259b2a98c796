"""Carries out what was decided: first the record, then the effect, then how that went."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from keepwell.core.clock import Clock
from keepwell.core.errors import KeepwellError
from keepwell.core.identifiers import new_id
from keepwell.core.records import Decision, Incident, Intervention
from keepwell.operations.loop.actions import (
    AbortRollout,
    Action,
    AddSignals,
    AdvanceRollout,
    DropRetraining,
    OpenIncident,
    PromoteRollout,
    StartRetraining,
    StartRollout,
    Wait,
)
from keepwell.operations.loop.effects import Effects
from keepwell.operations.loop.evidence import json_ready
from keepwell.operations.loop.interventions.actions import Intervene, OnIntervention, Propose, Undo
from keepwell.operations.loop.interventions.transitions import (
    decide_intervention,
    finish_intervention,
)
from keepwell.operations.loop.journal import Journal
from keepwell.operations.loop.retrainings import Retraining
from keepwell.operations.loop.transitions import (
    concerns,
    decide_incident,
    decide_retraining,
    finish_incident,
    finish_retraining,
    opened,
)
from keepwell.operations.loop.view import View

logger = logging.getLogger(__name__)

FAILED = "failed: "
"""How the outcome of a decision begins that could not be carried out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Records:
    """The records that actions move through their states."""

    incident: Incident | None = None
    retraining: Retraining | None = None
    interventions: Mapping[str, Intervention] = field(default_factory=dict)


_NOTHING = _Records()


class Executor:
    """Turns actions into stored decisions and effects.

    Laws: a decision is in the journal before its effect begins. A crash in between loses nothing: the
    next view shows that the effect is missing, the tick decides the same again, and every effect is
    idempotent. An effect that fails is recorded and raises nothing. The same wait, or the same failure
    outside of an incident, is recorded once, however often it comes.
    """

    def __init__(self, journal: Journal, effects: Effects, clock: Clock) -> None:
        self._journal = journal
        self._effects = effects
        self._clock = clock
        self._said: dict[str, tuple[str, str, str]] = {}

    def carry_out(self, view: View, actions: Sequence[Action]) -> list[Decision]:
        """Record and carry out `actions`, decided from `view`; return what was recorded.

        What follows from one look and only changes the record is written in one piece.
        """
        start = records = _Records(
            incident=view.incident,
            retraining=view.retraining,
            interventions={one.key: one for one in view.interventions},
        )
        made: list[Decision] = []
        pending: list[Decision] = []
        for action in actions:
            endpoint = view.endpoint.name
            decided, about = self._decided(endpoint, action, records)
            decision = self._decision(endpoint, action, about)
            effect = _effect_of(self._effects, endpoint, action, about)
            if effect is None:
                if not self._is_known_wait(decision, pending):
                    pending.append(replace(decision, outcome="done"))
                records = _finished(action, decided, about, self._clock.now())
                continue
            self._write(*pending, before=start, after=records)
            made += pending
            pending = []
            done, records = self._have(effect, action, decision, records, decided)
            made += done
            start = records
        self._write(*pending, before=start, after=records)
        made += pending
        for decision in made:
            self._publish(decision, records.incident)
        return made

    def record_trouble(self, endpoint: str, error: Exception) -> Decision | None:
        """Record that a look at an endpoint failed; nothing if the last one failed the same way."""
        failure = describe(error)
        reason = "the look failed: the loop could not see this endpoint, or not act on it"
        if self._last(endpoint) == ("wait", reason, FAILED + failure):
            return None
        decision = replace(
            self._decision(endpoint, Wait(reason=reason), ""), outcome=FAILED + failure
        )
        self._write(decision)
        self._publish(decision, None)
        return decision

    def _have(
        self,
        effect: Callable[[], "Answer"],
        action: Action,
        decision: Decision,
        before: _Records,
        decided: _Records,
    ) -> tuple[list[Decision], _Records]:
        """Store the decision, bring about its effect, store how that went."""
        endpoint, about = decision.endpoint, decision.incident
        verb, reason, outcome = self._last(endpoint)
        failing = (
            not about
            and not isinstance(action, OnIntervention)  # whose failures are counted in its record
            and (verb, reason) == (decision.action, decision.reason)
            and outcome.startswith(FAILED)
        )
        if not failing:
            self._write(decision, before=before, after=decided)
        seen, failure = _attempt(effect)
        if failing and outcome == FAILED + failure:
            return [], before
        now = self._clock.now()
        after = _finished(action, decided, about, now, seen=seen, failure=failure)
        decision = replace(decision, outcome=FAILED + failure if failure else "done")
        self._write(decision, before=before if failing else decided, after=after)
        return [decision], after

    def _is_known_wait(self, decision: Decision, pending: Sequence[Decision]) -> bool:
        if decision.action != Wait.verb or any(item.action != "add_signals" for item in pending):
            return False
        return self._last(decision.endpoint) == (Wait.verb, decision.reason, "done")

    def _decided(self, endpoint: str, action: Action, records: _Records) -> tuple[_Records, str]:
        """Return the records with the decision in them, and the incident that it belongs to."""
        now, incident = self._clock.now(), records.incident
        about = ""
        if isinstance(action, OpenIncident):
            incident = opened(action, now, identifier=new_id(now), endpoint=endpoint)
            about = incident.id
        elif incident is not None and isinstance(action, Wait):
            about = incident.id
        elif incident is not None and concerns(action, incident, records.retraining):
            incident = decide_incident(incident, action, now)
            about = incident.id
        retraining = decide_retraining(records.retraining, action, records.incident)
        interventions = dict(records.interventions)
        one = decide_intervention(action, now)
        if one is not None:
            interventions[one.key] = one
        decided = _Records(incident=incident, retraining=retraining, interventions=interventions)
        return decided, about

    def _decision(self, endpoint: str, action: Action, incident: str) -> Decision:
        now = self._clock.now()
        return Decision(
            id=new_id(now),
            time=now,
            endpoint=endpoint,
            action=action.verb,
            reason=action.reason,
            incident=incident,
            evidence=json_ready(action.evidence),
        )

    def _last(self, endpoint: str) -> tuple[str, str, str]:
        """Return verb, reason and outcome of what was said last about an endpoint."""
        if endpoint not in self._said:
            last = self._journal.last_decision(endpoint)
            self._said[endpoint] = (last.action, last.reason, last.outcome) if last else ("",) * 3
        return self._said[endpoint]

    def _write(
        self, *decisions: Decision, before: _Records = _NOTHING, after: _Records = _NOTHING
    ) -> None:
        if not decisions:
            return
        self._journal.write(
            *decisions,
            incident=after.incident if after.incident != before.incident else None,
            retraining=after.retraining if after.retraining != before.retraining else None,
            interventions=[
                one
                for key, one in after.interventions.items()
                if one != before.interventions.get(key)
            ],
        )
        for decision in decisions:
            if decision.action != AddSignals.verb:
                said = (decision.action, decision.reason, decision.outcome)
                self._said[decision.endpoint] = said

    def _publish(self, decision: Decision, incident: Incident | None) -> None:
        about = incident if incident and incident.id == decision.incident else None
        _attempt(lambda: self._effects.publish(decision, about))


def describe(error: Exception) -> str:
    """Return an error in one line; of a stranger's also its class."""
    if isinstance(error, KeepwellError):
        return ": ".join(part for part in (error.what, error.why) if part)
    return f"{type(error).__name__}: {error}"


Answer = str | Intervention | None


def _attempt(effect: Callable[[], Answer]) -> tuple[Answer, str]:
    """Return what the effect answered, and why it failed (empty if it did not)."""
    try:
        return effect(), ""
    except KeepwellError as error:
        logger.warning("an action of the loop failed: %s", describe(error))
        return None, describe(error)
    except Exception as error:
        logger.exception("an action of the loop failed in an unforeseen way")
        return None, describe(error)


def _finished(
    action: Action,
    decided: _Records,
    about: str,
    now: float,
    *,
    seen: "Answer" = None,
    failure: str = "",
) -> _Records:
    incident = decided.incident
    if incident is not None and incident.id == about and not isinstance(action, Wait):
        rollout = seen if isinstance(seen, str) else ""
        incident = finish_incident(incident, action, now, rollout=rollout, failure=failure)
    retraining = finish_retraining(decided.retraining, action, failure=failure)
    interventions = dict(decided.interventions)
    key = _key_of(action)
    finished = finish_intervention(
        interventions.get(key),
        action,
        now,
        seen=seen if isinstance(seen, Intervention) else None,
        failure=failure,
    )
    if finished is not None:
        interventions[key] = finished
    return _Records(incident=incident, retraining=retraining, interventions=interventions)


def _key_of(action: Action) -> str:
    """Return the key of the intervention that an action is about; empty if it is about none."""
    one = getattr(action, "intervention", None)
    return one.key if isinstance(one, Intervention) else ""


def _effect_of(
    effects: Effects, endpoint: str, action: Action, incident: str
) -> Callable[[], "Answer"] | None:
    """Return the effect of an action, not yet begun; None if it only changes the record."""
    match action:
        case StartRetraining(retraining=retraining):
            return lambda: effects.retrain(retraining)
        case DropRetraining(retraining=identifier, reason=reason, stop=True):
            return lambda: effects.stop_retraining(identifier, reason)
        case StartRollout(candidate=candidate, reason=reason):
            return lambda: effects.start_rollout(endpoint, candidate, incident=incident, why=reason)
        case AdvanceRollout(rollout=rollout, percent=percent, verdict=verdict):
            return lambda: effects.advance_rollout(rollout, percent, verdict=verdict)
        case PromoteRollout(rollout=rollout, verdict=verdict):
            return lambda: effects.promote_rollout(rollout, verdict=verdict)
        case AbortRollout(rollout=rollout, verdict=last, reason=reason):
            return lambda: effects.abort_rollout(rollout, verdict=last, reason=reason)
        case _:
            return _effect_on(effects, action)


def _effect_on(effects: Effects, action: Action) -> Callable[[], "Answer"] | None:
    match action:
        case Propose(intervention=one, planned=False):
            return lambda: effects.plan(one)
        case Intervene(intervention=one):
            return lambda: effects.intervene(one if one.steps else effects.plan(one))
        case Undo(intervention=one, reason=reason):
            return lambda: effects.undo(one, reason)
        case _:
            return None
