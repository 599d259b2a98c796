"""What went wrong, and what the loop decided."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from keepwell.api.documents import DecisionList, IncidentList
from keepwell.api.door import Limit, Served, document
from keepwell.core.events import acting_as
from keepwell.core.records import Incident
from keepwell.operations.incidents.figures import Figures, figures
from keepwell.operations.incidents.surroundings import Surroundings

router = APIRouter(prefix="/api/v1", tags=["incidents"])


class Remark(BaseModel):
    """What somebody says."""

    model_config = ConfigDict(extra="forbid")

    text: str = ""
    by: str = Field("", max_length=100, description="Who says it; kept as `api:NAME`.")

    @property
    def actor(self) -> str:
        """Who acts, for the record."""
        return f"api:{self.by.strip()}" if self.by.strip() else "api"


class NoteText(Remark):
    """A note."""

    number: int = Field(0, ge=0, description="Of the note to write anew; 0 for a new one.")


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


@router.get("/incidents/figures", response_model=Figures)
def read_figures(
    workspace: Served,
    endpoint: str = "",
    days: Annotated[float, Query(ge=1, le=3650, description="How far back.")] = 28,
) -> Response:
    """Read how fast trouble is found, taken on and healed, and how releasing goes (DORA)."""
    now = workspace.clock.now()
    found = figures(workspace.metadata, workspace.incidents, now, days=days, endpoint=endpoint)
    return document(found)


@router.get("/incidents/{incident}", response_model=Incident)
def read_incident(workspace: Served, incident: str) -> Response:
    """Read one incident with its signals, causes, timeline and evidence."""
    return document(workspace.incidents.read(incident))


@router.get("/incidents/{incident}/surroundings", response_model=Surroundings)
def read_surroundings(workspace: Served, incident: str) -> Response:
    """Read what changed around an incident, what was done and did, and what is affected."""
    found = workspace.incidents.read(incident)
    return document(workspace.surveyor.around(found, workspace.clock.now()))


@router.post("/incidents/{incident}/acknowledge", response_model=Incident)
def acknowledge_incident(workspace: Served, incident: str, said: Remark) -> Response:
    """Take an incident on: its reminders and its escalation end."""
    with acting_as(said.actor):
        return document(workspace.handling.acknowledge(incident, said.text))


@router.post("/incidents/{incident}/assign", response_model=Incident)
def assign_incident(workspace: Served, incident: str, said: Remark) -> Response:
    """Say who looks after an incident: `text` names them."""
    with acting_as(said.actor):
        return document(workspace.handling.assign(incident, said.text))


@router.post("/incidents/{incident}/notes", response_model=Incident)
def write_note(workspace: Served, incident: str, said: NoteText) -> Response:
    """Write a note, or with its number another text for one; an empty text removes it."""
    with acting_as(said.actor):
        return document(workspace.handling.note(incident, said.text, number=said.number))


@router.post("/incidents/{incident}/close", response_model=Incident)
def close_incident(workspace: Served, incident: str, said: Remark) -> Response:
    """Close an incident by hand; `text` says how it ended."""
    with acting_as(said.actor):
        return document(workspace.handling.close(incident, said.text))


@router.get("/incidents/{incident}/post-mortem", response_class=Response)
def read_post_mortem(workspace: Served, incident: str) -> Response:
    """Read the story of an incident as Markdown."""
    story = workspace.story(workspace.incidents.read(incident))
    return Response(story, media_type="text/markdown; charset=utf-8")


@router.get("/decisions", response_model=DecisionList)
def list_decisions(
    workspace: Served, endpoint: str = "", incident: str = "", limit: Limit = 100
) -> Response:
    """List what the loop decided, newest first, each with the numbers it rests on."""
    found = workspace.incidents.decisions(endpoint, incident=incident, limit=limit)
    return document(DecisionList(decisions=found))
