"""What people would say to proposals, as a simulation assumes it."""

from dataclasses import replace

from keepwell.core.events import acting_as
from keepwell.operations.loop.incidents import Incidents

NOBODY, EVERYBODY = "none", "all"
ASSUMPTIONS = (NOBODY, EVERYBODY)
"""Nobody agrees to anything; or everybody agrees to everything that is proposed, before the next look."""

_ACTOR = "--approve all"


def agree(journal: Incidents, endpoint: str) -> None:
    """Agree to everything that is proposed."""
    for one in journal.interventions(endpoint):
        if one.status != "proposed":
            continue
        stored, seen = journal.intervention(one.key)
        said = replace(stored, status="approved", approved_by=_ACTOR)
        with acting_as(_ACTOR):
            journal.settle_by_hand(said, "approved", "assumed", seen)


def told(approve: str, asked: int) -> list[str]:
    """Return what to know about so many proposals that somebody had to agree to."""
    if not asked:
        return []
    if approve == EVERYBODY:
        return [f"{asked} proposed: each was agreed to at once, as --approve all assumes"]
    return [f"{asked} proposed: nobody agrees here; --approve all assumes that everybody does"]
