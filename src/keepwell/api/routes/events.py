"""The record itself."""

from fastapi import APIRouter
from starlette.responses import Response

from keepwell.api.documents import EventDocument, EventList
from keepwell.api.door import Limit, Served, document
from keepwell.core.errors import UsageError
from keepwell.core.events import Event
from keepwell.core.references import Ref

router = APIRouter(prefix="/api/v1", tags=["events"])


@router.get("/events", response_model=EventList)
def list_events(
    workspace: Served,
    subject: str = "",
    kind: str = "",
    after: int = 0,
    limit: Limit = 100,
    oldest_first: bool = False,
) -> Response:
    """List changes of state, newest first.

    To follow the record, ask with `oldest_first=true` and `after` set to the last `seq` you have seen.
    """
    found = workspace.metadata.events(
        ref=_reference(subject),
        kind=kind or None,
        after=after,
        limit=limit,
        newest_first=not oldest_first,
    )
    return document(EventList(events=[_document(event) for event in found]))


def _reference(subject: str) -> Ref | None:
    if not subject:
        return None
    try:
        return Ref.parse(subject)
    except ValueError as error:
        raise UsageError(f"subject: {error}", now="for example subject=endpoint:churn") from error


def _document(event: Event) -> EventDocument:
    return EventDocument(
        seq=event.seq,
        time=event.time,
        actor=event.actor,
        subject=str(event.ref),
        verb=event.verb,
        why=event.why,
        data=None if event.data is None else dict(event.data),
        previous=event.previous,
        hash=event.hash,
    )
