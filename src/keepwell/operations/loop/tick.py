"""The heart of the loop: what to do now, from what is seen now. Nothing else, and no effect."""

from collections.abc import Callable

from keepwell.core.spec.looping import TRAINING
from keepwell.operations.loop.actions import Action, AddSignals, StartRetraining, Wait
from keepwell.operations.loop.interventions.actions import Propose
from keepwell.operations.loop.states import calm, open, retraining, rolling_out, verifying
from keepwell.operations.loop.states.intervening import intervene
from keepwell.operations.loop.states.steering import steer
from keepwell.operations.loop.view import View

_STATES: dict[str, Callable[[View, float], tuple[Action, ...]]] = {
    "open": open.next_actions,
    "retraining": retraining.next_actions,
    "rolling_out": rolling_out.next_actions,
    "verifying": verifying.next_actions,
}


_STILL = (Wait, AddSignals)
"""What neither starts nor moves nor ends anything."""


def _yields(action: Action) -> bool:
    """Tell whether an action leaves the way to a rule that says how to train."""
    return isinstance(action, StartRetraining) and not action.retraining.resumes


def _trains(action: Action) -> bool:
    return isinstance(action, StartRetraining | Propose) and bool(
        action.intervention and action.intervention.playbook in TRAINING
    )


def tick(view: View, now: float) -> tuple[Action, ...]:
    """Return what to do about one endpoint, in order; empty if there is nothing to do or to say.

    Law: the same view and time give the same actions, and nothing happens by asking. At most one
    action starts, moves or ends something; what follows from it is decided at the next look, when it
    shows in the view.
    """
    incident = view.incident
    decide = calm.next_actions if incident is None else _STATES[incident.status]
    steered, decided = steer(view, now), decide(view, now)
    if steered:  # one reason to wait is enough
        decided = tuple(action for action in decided if not isinstance(action, Wait))
    moving = [action for action in (*steered, *decided) if not isinstance(action, _STILL)]
    besides = intervene(view, now) if all(map(_yields, moving)) else ()
    if moving and any(map(_trains, besides)):  # a rule says how to train: that counts
        decided = tuple(action for action in decided if action not in moving)
    elif moving:
        besides = ()
    helpless = [action for action in decided if isinstance(action, Wait) and action.helpless]
    if besides and helpless:
        decided = tuple(action for action in decided if action not in helpless)
    if any(not isinstance(action, Wait) for action in besides):
        decided = tuple(action for action in decided if not isinstance(action, Wait))
    elif any(isinstance(action, Wait) for action in (*steered, *decided)):
        besides = ()
    return (*steered, *decided, *besides)
