"""A retraining of the incident is under way."""

from keepwell.operations.loop.actions import Action, CloseIncident
from keepwell.operations.loop.evidence import of_view
from keepwell.operations.loop.states.open import additions
from keepwell.operations.loop.states.settlement import settle
from keepwell.operations.loop.view import View


def next_actions(view: View, now: float) -> tuple[Action, ...]:
    """Return what to do while the incident's retraining runs or has ended."""
    incident, retraining = view.incident, view.retraining
    if incident is None:
        return ()
    if retraining is None:
        reason = "the incident's retraining left no record"
        return (
            CloseIncident(
                reason=reason,
                evidence=of_view(view),
                resolution="failed",
                summary=f"{reason[:1].upper()}{reason[1:]}.",
            ),
        )
    return settle(view, retraining, now) or additions(view, incident, now)
