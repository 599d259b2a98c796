"""What really happened in the time that is replayed."""

from collections.abc import Iterable

from keepwell.core.ports import MetadataStore
from keepwell.core.records import Decision, Endpoint
from keepwell.core.references import Ref
from keepwell.infrastructure.codec import from_plain
from keepwell.operations.loop.incidents import Incidents
from keepwell.operations.simulation.result import (
    Course,
    Intervened,
    Quality,
    Retrained,
    Takeover,
)

NAME = "really"


def what_happened(
    metadata: MetadataStore,
    incidents: Incidents,
    endpoint: str,
    *,
    since: float,
    until: float,
    quality: Quality | None,
) -> Course:
    """Return what the record says of an endpoint from one time to another."""
    decisions = incidents.decisions(endpoint, limit=None)[::-1]
    trained = sorted(incidents.retrainings(endpoint), key=lambda one: one.decided)
    return Course(
        name=NAME,
        decisions=notable(one for one in decisions if since <= one.time <= until),
        incidents=tuple(
            sorted(
                (one for one in incidents.find(endpoint) if since <= one.opened <= until),
                key=lambda one: one.opened,
            )
        ),
        retrainings=tuple(
            Retrained(request=one, outcomes=0, status=one.settled or "running")
            for one in trained
            if since <= one.decided <= until
        ),
        interventions=tuple(
            Intervened(intervention=one, simulated=False)
            for one in sorted(incidents.interventions(endpoint), key=lambda one: one.decided)
            if since <= one.decided <= until
        ),
        takeovers=takeovers(metadata, endpoint, since=since, until=until),
        quality=quality,
    )


def notable(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """Return decisions without the waiting."""
    return tuple(one for one in decisions if one.action != "wait")


def takeovers(
    metadata: MetadataStore, endpoint: str, *, since: float, until: float
) -> tuple[Takeover, ...]:
    """Return when the champion of an endpoint changed."""
    found = []
    before: int | None = None
    for event in metadata.events(ref=Ref("endpoint", endpoint)):
        if event.data is None:
            continue
        champion = from_plain(Endpoint, event.data).champion
        if champion is not None and champion != before:
            if before is not None and since < event.time <= until:
                found.append(Takeover(time=event.time, version=champion, why=event.why))
            before = champion
    return tuple(found)
