"""The store of incidents, decisions and retrainings: the loop's memory in the one record."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from keepwell.core.clock import Clock, SystemClock
from keepwell.core.events import acting_as
from keepwell.core.ports import MetadataStore
from keepwell.core.records import Care, Decision, Incident, Intervention
from keepwell.infrastructure.metadata import Collection
from keepwell.operations.loop.journal import Journal, memory_of
from keepwell.operations.loop.postmortem import post_mortem
from keepwell.operations.loop.retrainings import Retraining
from keepwell.operations.loop.view import Memory

T = TypeVar("T")

BY_HAND = "by_hand"
"""Resolution of an incident that a person closed."""
_RECENT = 500
"""How many incidents back a signal is remembered as accepted."""


class Incidents:
    """Incidents and decisions of every endpoint, newest change first."""

    def __init__(self, metadata: MetadataStore, clock: Clock | None = None) -> None:
        self._metadata = metadata
        self._clock = clock or SystemClock()
        self._incidents = Collection(metadata, "incident", Incident, name=lambda item: item.id)
        self._cares = Collection(metadata, "care", Care, name=lambda item: item.incident)
        self._decisions = Collection(metadata, "decision", Decision, name=lambda item: item.id)
        self._retrainings = Collection(metadata, "retraining", Retraining)
        self._interventions = Collection(metadata, "intervention", Intervention)

    def get(self, identifier: str) -> Incident | None:
        """Return one incident, None if there is none of that id."""
        found = self._incidents.get(identifier)
        return None if found is None else self._cared(found)

    def read(self, identifier: str) -> Incident:
        """Return one incident.

        Raises:
            NotFoundError: If there is none of that id.
        """
        return self._cared(self._incidents.read(identifier))

    def find(
        self, endpoint: str = "", *, status: str = "", limit: int | None = None
    ) -> list[Incident]:
        """Return incidents, last changed first; `status` may be `closed`, or `open` for all others."""
        found = _newest(
            self._incidents,
            lambda item: (
                endpoint in ("", item.endpoint)
                and (not status or (item.status == "closed") == (status == "closed"))
            ),
            limit,
        )
        if len(found) < 2:  # noqa: PLR2004 (one is read alone)
            return [self._cared(item) for item in found]
        cares = {care.incident: care for care in self._cares.find()}
        return [_with(item, cares.get(item.id)) for item in found]

    def care(self, identifier: str) -> Care:
        """Return what people did about an incident."""
        return self._cares.get(identifier) or Care(incident=identifier)

    def tend(self, care: Care, verb: str, why: str, *, incident: Incident | None = None) -> None:
        """Keep what somebody did about an incident, in the name of whoever acts."""
        changes = [self._cares.change(care, verb, why)]
        if incident is not None:
            changes.append(self._incidents.change(incident, "closed", why))
        self._metadata.commit(changes)

    def _cared(self, incident: Incident) -> Incident:
        """Return an incident with what people did about it."""
        return _with(incident, self._cares.get(incident.id))

    def open(self, endpoint: str) -> Incident | None:
        """Return the incident of an endpoint that is not closed; there is at most one."""
        return next(iter(self.find(endpoint, status="open", limit=1)), None)

    def decisions(
        self, endpoint: str = "", *, incident: str = "", limit: int | None = 100
    ) -> list[Decision]:
        """Return decisions, newest first."""
        found = _newest(
            self._decisions,
            lambda item: endpoint in ("", item.endpoint) and incident in ("", item.incident),
            limit,
        )
        return sorted(found, key=lambda item: item.time, reverse=True)

    def retrainings(self, endpoint: str = "", *, limit: int | None = None) -> list[Retraining]:
        """Return the retrainings that were decided for an endpoint, or for all, last changed first."""
        return self._retrainings.find(f"{endpoint}/" if endpoint else "", limit=limit)

    def interventions(self, endpoint: str = "", *, limit: int | None = None) -> list[Intervention]:
        """Return what the loop did or proposed besides training, last changed first."""
        return self._interventions.find(f"{endpoint}/" if endpoint else "", limit=limit)

    def settle_by_hand(self, intervention: Intervention, verb: str, why: str, seen: int) -> None:
        """Keep what somebody said about an intervention, in their name.

        Raises:
            ConflictError: If it changed since `seen`, the sequence number that they decided on.
        """
        self._interventions.write(intervention, verb, why, expected=seen)

    def intervention(self, key: str) -> tuple[Intervention, int]:
        """Return an intervention with the sequence number of its state.

        Raises:
            NotFoundError: If there is none of that key (`ENDPOINT/ID`).
        """
        seen = self._interventions.seq(key)
        return self._interventions.read(key), seen

    def post_mortem(self, identifier: str) -> str:
        """Return the story of an incident as Markdown, from the record alone.

        Raises:
            NotFoundError: If there is none of that id.
        """
        return post_mortem(
            self.read(identifier),
            self.decisions(incident=identifier, limit=None)[::-1],
            now=self._clock.now(),
        )

    def write(
        self,
        *decisions: Decision,
        incident: Incident | None = None,
        retraining: Retraining | None = None,
        interventions: Sequence[Intervention] = (),
    ) -> None:
        """Keep decisions and the records that they change, in one transaction."""
        last = decisions[-1]
        changes = [
            self._decisions.change(item, "carried_out" if item.outcome else "decided", item.reason)
            for item in decisions
        ]
        stored = None if incident is None else self._incidents.get(incident.id)
        if stored is not None and stored.resolution == BY_HAND:
            incident = None  # somebody closed it meanwhile, and that counts
        if incident is not None:
            done = {item.action for item in decisions}
            verb = "closed" if incident.status == "closed" else "changed"
            verb = "reopened" if "reopen_incident" in done else verb
            verb = "opened" if "open_incident" in done else verb
            changes.append(self._incidents.change(incident, verb, last.reason))
        if retraining is not None:
            verb = retraining.settled or "decided"
            changes.append(self._retrainings.change(retraining, verb, last.reason))
        for intervention in interventions:
            seen = self._interventions.seq(intervention.key)
            said = self._interventions.get(intervention.key)
            settled = intervention if said is None else reconciled(said, intervention)
            if settled is not None:
                changes.append(
                    self._interventions.change(settled, settled.status, last.reason, expected=seen)
                )
        with acting_as("loop"):
            self._metadata.commit(changes)

    def recall(self, endpoint: str, version: int) -> Memory:
        """Return what the loop must know of the past of an endpoint with this champion."""
        return memory_of(
            endpoint,
            version,
            self._incidents.find(limit=_RECENT),
            self.retrainings(endpoint, limit=_RECENT),
            self.interventions(endpoint, limit=_RECENT),
        )

    def last_decision(self, endpoint: str) -> Decision | None:
        """Return the decision about an endpoint that was made last."""
        return next(iter(self.decisions(endpoint, limit=1)), None)


def _with(incident: Incident, care: Care | None) -> Incident:
    if care is None:
        return incident
    return replace(
        incident,
        owner=care.owner,
        acknowledged=care.acknowledged,
        acknowledged_by=care.acknowledged_by,
        notes=care.notes,
    )


def reconciled(said: Intervention, decided: Intervention) -> Intervention | None:
    """Return what is to be kept of an intervention that people may have spoken about meanwhile.

    What a person said counts: a refused one stays refused, an approved one does not expire, and one that
    is to be undone stays so. None where nothing of the loop's is left to keep.
    """
    if said.over and not decided.over:
        return None
    if said.status == "approved" and decided.status in ("proposed", "expired"):
        return None
    if said.status == "undoing" and decided.status in ("acting", "watching", "kept"):
        return replace(
            decided,
            status="undoing",
            ended=None,
            outcome=said.outcome,
            approved_by=said.approved_by,
        )
    return decided


def _newest(collection: Collection[T], wanted: Callable[[T], bool], limit: int | None) -> list[T]:
    """Return up to `limit` wanted records, reading no more of the others than it takes."""
    batch = None if limit is None else max(limit, 50)
    while True:
        records = collection.find(limit=batch)
        found = [record for record in records if wanted(record)]
        if batch is None or limit is None or len(found) >= limit or len(records) < batch:
            return found[:limit]
        batch *= 4


if TYPE_CHECKING:
    _: type[Journal] = Incidents
