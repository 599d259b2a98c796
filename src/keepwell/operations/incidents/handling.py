"""Incidents in people's hands: taken on, handed over, noted upon, closed."""

from collections.abc import Callable
from dataclasses import replace

from keepwell.core.clock import Clock
from keepwell.core.errors import ConflictError, NotFoundError, UsageError
from keepwell.core.events import current_actor
from keepwell.core.records import Care, Entry, Incident, Note
from keepwell.operations.loop.incidents import BY_HAND, Incidents

LONGEST_NOTE = 20_000


class Handling:
    """What people do; each thing is an event in their name, and none of it disturbs the loop's own record.

    Args:
        incidents: The loop's memory.
        clock: The time.
        rest: Seconds for which the signals of an incident that is closed by hand open no other one.
    """

    def __init__(self, incidents: Incidents, clock: Clock, rest: Callable[[], float]) -> None:
        self._incidents = incidents
        self._clock = clock
        self._rest = rest

    def find(self, identifier: str) -> Incident:
        """Return an incident by its id, the beginning of it, or `latest`.

        Raises:
            NotFoundError: If there is none, or several begin so.
        """
        if identifier != "latest":
            exact = self._incidents.get(identifier.upper())
            if exact is not None:
                return exact
        found = sorted(self._incidents.find(), key=lambda item: -item.opened)
        if identifier == "latest":
            if not found:
                raise NotFoundError(
                    "there is no incident so far",
                    why="the loop opens one when a monitor finds harm",
                )
            return found[0]
        matching = [item for item in found if item.id.startswith(identifier.upper())]
        return matching[0] if len(matching) == 1 else self._incidents.read(identifier)

    def acknowledge(self, identifier: str, note: str = "") -> Incident:
        """Say that whoever acts looks after it; who has no owner yet gets this one."""
        incident = self._open(identifier, "taken on")
        care, actor = self._incidents.care(incident.id), current_actor()
        if care.acknowledged is None:
            care = replace(care, acknowledged=self._clock.now(), acknowledged_by=actor)
        care = replace(care, owner=care.owner or actor.rpartition(":")[2])
        return self._tended(self._noted(care, note), "acknowledged", note)

    def assign(self, identifier: str, owner: str) -> Incident:
        """Name who looks after it; an empty name nobody."""
        incident = self.find(identifier)
        care = replace(self._incidents.care(incident.id), owner=owner.strip()[:200])
        return self._tended(care, "assigned", owner.strip())

    def note(self, identifier: str, text: str, *, number: int = 0) -> Incident:
        """Write a note, or with its number another text for one; an empty text removes it.

        Raises:
            UsageError: If there is nothing to write.
            NotFoundError: If there is no note of that number.
        """
        incident = self.find(identifier)
        care = self._incidents.care(incident.id)
        if not number:
            if not text.strip():
                raise UsageError(
                    "the note is empty", now="keepwell incidents note ID 'what you saw'"
                )
            return self._tended(self._noted(care, text), "noted", text[:200])
        if all(one.id != number for one in care.notes):
            raise NotFoundError(
                f"the incident has no note {number}",
                why=f"its notes: {', '.join(str(one.id) for one in care.notes) or 'none'}",
                now="keepwell incidents show ID",
            )
        fresh = (replace(one, text=_text(text)) if one.id == number else one for one in care.notes)
        kept = tuple(one for one in fresh if one.text)
        return self._tended(replace(care, notes=kept), "noted", f"note {number} changed")

    def close(self, identifier: str, reason: str) -> Incident:
        """End it: what it was about is no news for a while. A trial or a training that runs goes on.

        Raises:
            UsageError: If no reason is given.
            ConflictError: If it is closed.
        """
        incident = self._open(identifier, "closed")
        if not reason.strip():
            raise UsageError(
                "closing an incident needs a reason",
                why="its story ends with it",
                now="keepwell incidents close ID --why 'a planned test'",
            )
        now, actor = self._clock.now(), current_actor()
        closed = replace(
            incident,
            status="closed",
            closed=now,
            resolution=BY_HAND,
            summary=f"Closed by {actor}: {reason.strip()}",
            accepted=incident.signals,
            accepted_until=now + self._rest(),
            timeline=(
                *incident.timeline,
                Entry(time=now, kind="verdict", text=f"closed by {actor}: {reason.strip()}"),
            ),
        )
        care = self._incidents.care(incident.id)
        self._incidents.tend(care, "closed", reason.strip(), incident=closed)
        return self._incidents.read(incident.id)

    def _open(self, identifier: str, what: str) -> Incident:
        incident = self.find(identifier)
        if incident.status == "closed":
            raise ConflictError(
                f"the incident '{incident.title}' is closed",
                why=f"only one that is open can be {what}",
                now="keepwell incidents note, if there is something to add",
            )
        return incident

    def _noted(self, care: Care, text: str) -> Care:
        if not text.strip():
            return care
        number = max((one.id for one in care.notes), default=0) + 1
        note = Note(id=number, time=self._clock.now(), by=current_actor(), text=_text(text))
        return replace(care, notes=(*care.notes, note))

    def _tended(self, care: Care, verb: str, why: str) -> Incident:
        self._incidents.tend(care, verb, why)
        return self._incidents.read(care.incident)


def _text(text: str) -> str:
    text = text.strip()
    if len(text) > LONGEST_NOTE:
        raise UsageError(
            f"the note has {len(text):,} characters",
            why=f"a note has at most {LONGEST_NOTE:,}",
            now="keep the long text elsewhere and note where",
        )
    return text
