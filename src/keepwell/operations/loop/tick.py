"""The heart of the loop: what to do now, from what is seen now. Nothing else, and no effect."""

from collections.abc import Callable

from keepwell.operations.loop.actions import Action, Wait
from keepwell.operations.loop.states import calm, open, retraining, rolling_out, verifying
from keepwell.operations.loop.states.steering import steer
from keepwell.operations.loop.view import View

_STATES: dict[str, Callable[[View, float], tuple[Action, ...]]] = {
    "open": open.next_actions,
    "retraining": retraining.next_actions,
    "rolling_out": rolling_out.next_actions,
    "verifying": verifying.next_actions,
}


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
    return (*steered, *decided)
