"""The loop: how it stands, what waits for somebody's word, what it did and what that brought."""

from typing import TYPE_CHECKING, Any

from keepwell.console.views.health import Health
from keepwell.core.records import Effect
from keepwell.operations.loop.interventions.rules import ANYONE, QUIET

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

PAGE = 100
_ONLY_SAID = frozenset({"proposed", "approved", "refused", "expired"})
_STATUS = {
    "proposed": Health(tone="watch", word="Waits for a word"),
    "approved": Health(tone="info", word="Agreed", working=True),
    "acting": Health(tone="info", word="Being done", working=True),
    "training": Health(tone="info", word="Training", working=True),
    "watching": Health(tone="info", word="In force", working=True),
    "undoing": Health(tone="info", word="Being undone", working=True),
    "kept": Health(tone="good", word="Kept"),
    "undone": Health(tone="quiet", word="Undone"),
    "refused": Health(tone="quiet", word="Refused"),
    "expired": Health(tone="quiet", word="Expired"),
    "failed": Health(tone="bad", word="Failed"),
}


def loop(workspace: "Workspace") -> dict[str, Any]:
    """Return the context of `loop.html`."""
    desk = workspace.looping
    statuses = desk.status()
    history = desk.history(days=84.0)
    in_force = [
        one
        for status in statuses
        for one in status.interventions
        if one.status in ("acting", "watching") and one.playbook not in QUIET
    ]
    return {
        "statuses": statuses,
        "endpoints": bool(workspace.endpoints.find()),
        "proposals": [(one, one.approval not in ("", ANYONE)) for one in desk.proposals()],
        "in_force": [(one, of_intervention(one.status)) for one in in_force],
        "history": [(one, of_intervention(one.status)) for one in history[:PAGE]],
        "hidden": max(0, len(history) - PAGE),
        "in_words": in_words,
        "weeks": weeks(history, workspace.clock.now()),
    }


def of_intervention(status: str) -> Health:
    """Return how far something is that the loop did."""
    return _STATUS.get(status, Health(tone="quiet", word=status))


def in_words(effect: Effect) -> str:
    """Return an effect in a few words; empty where nothing was promised or seen."""
    if not effect.measure:
        return effect.reason
    ends = ["?" if value is None else f"{value:.4g}" for value in (effect.before, effect.after)]
    return f"{effect.measure} {ends[0]} → {ends[1]}"


def weeks(history: Any, now: float) -> list[tuple[int, int, int, int, int]]:
    """Return for each of the last weeks how much was done, kept, undone and failed, oldest first.

    What was only proposed was not done.
    """
    found = []
    for ago in range(11, -1, -1):
        begin, end = now - (ago + 1) * 604800.0, now - ago * 604800.0
        mine = [one for one in history if begin <= one.time < end and one.status not in _ONLY_SAID]
        kept = sum(one.status in ("kept", "watching") for one in mine)
        undone = sum(one.status == "undone" for one in mine)
        failed = sum(one.status == "failed" for one in mine)
        found.append((ago, len(mine), kept, undone, failed))
    return [week for week in found if week[1]]
