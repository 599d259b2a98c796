"""What went wrong, and what the loop decided."""

from typing import Literal

from fastapi import APIRouter
from starlette.responses import Response

from keepwell.api.documents import DecisionList, IncidentList
from keepwell.api.door import Limit, Served, document
from keepwell.core.records import Incident

router = APIRouter(prefix="/api/v1", tags=["incidents"])


@router.get("/incidents", response_model=IncidentList)
def list_incidents(
    workspace: Served,
    endpoint: str = "",
    status: Literal["", "open", "closed"] = "",
    limit: Limit = 100,
) -> Response:
    """List incidents, newest first.

    `status=open` keeps those that are not closed, whatever is being done about them.
    """
    found = workspace.incidents.find(endpoint, status=status)
    newest = sorted(found, key=lambda item: -item.opened)[:limit]
    return document(IncidentList(incidents=newest))


@router.get("/incidents/{incident}", response_model=Incident)
def read_incident(workspace: Served, incident: str) -> Response:
    """Read one incident with its signals, causes, timeline and evidence."""
    return document(workspace.incidents.read(incident))


@router.get("/incidents/{incident}/post-mortem", response_class=Response)
def read_post_mortem(workspace: Served, incident: str) -> Response:
    """Read the story of an incident as Markdown."""
    story = workspace.incidents.post_mortem(incident)
    return Response(story, media_type="text/markdown; charset=utf-8")


@router.get("/decisions", response_model=DecisionList)
def list_decisions(
    workspace: Served, endpoint: str = "", incident: str = "", limit: Limit = 100
) -> Response:
    """List what the loop decided, newest first, each with the numbers it rests on."""
    found = workspace.incidents.decisions(endpoint, incident=incident, limit=limit)
    return document(DecisionList(decisions=found))
