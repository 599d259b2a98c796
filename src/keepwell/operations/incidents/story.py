"""The whole story of an incident as Markdown: its record, what surrounded it, and what people noted."""

from keepwell.core.records import Incident
from keepwell.operations.incidents.surroundings import Effect, Surroundings, Surveyor
from keepwell.operations.loop.incidents import Incidents
from keepwell.operations.loop.postmortem import post_mortem


def story_of(incident: Incident, incidents: Incidents, surveyor: Surveyor, now: float) -> str:
    """Return the post-mortem; notes are part of it, so editing them edits it."""
    around = surveyor.around(incident, now)
    return post_mortem(
        incident,
        incidents.decisions(incident=incident.id, limit=None)[::-1],
        now=now,
        changes=around.changes,
        effects=[said(effect) for effect in around.effects],
        affected=affected(around),
    )


def affected(around: Surroundings) -> list[str]:
    """Return what is affected, in lines."""
    lines = []
    if around.endpoints:
        lines.append(f"endpoints: {', '.join(around.endpoints)}")
    if around.slices:
        lines.append(f"columns and groups: {', '.join(around.slices)}")
    return lines


def said(effect: Effect) -> str:
    """Return an action with what it did, in a sentence."""
    text = f"{effect.action.replace('_', ' ')}: {effect.reason}"
    if effect.outcome not in ("", "done"):
        text += f" ({effect.outcome})"
    if effect.before is not None and effect.after is not None:
        text += f"; {effect.metric} {effect.before:.4f} before, {effect.after:.4f} after"
    return text
