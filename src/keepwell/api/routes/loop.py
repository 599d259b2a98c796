"""The loop: how it stands, what it did and would do, and people's word on it."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from keepwell.api.door import Served, document
from keepwell.core.events import acting_as
from keepwell.core.records import Intervention
from keepwell.operations.loop.interventions.desk import Planned
from keepwell.operations.loop.interventions.history import Deed
from keepwell.operations.loop.interventions.status import LoopStatus

router = APIRouter(prefix="/api/v1/loop", tags=["loop"])

Bearer = Annotated[
    str, Header(description="`Bearer` and a token that has the role, where a role must agree.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopList:
    """How the loop stands at every endpoint, and what waits for somebody's word."""

    endpoints: list[LoopStatus]
    proposals: list[Intervention]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeedList:
    """What the loop did, newest first."""

    history: list[Deed]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanList:
    """What every rule and playbook would do now."""

    plans: list[Planned]


class Word(BaseModel):
    """What somebody says of an intervention."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field("", max_length=2000, description="Why.")
    by: str = Field("", max_length=100, description="Who says it; kept as `api:NAME`.")
    token: str = Field(
        "", max_length=500, description="As the bearer token: for forms, which send no headers."
    )

    @property
    def actor(self) -> str:
        """Who acts, for the record."""
        return f"api:{self.by.strip()}" if self.by.strip() else "api"


class Request(Word):
    """A playbook that is asked for by hand."""

    playbook: str = Field(max_length=100)
    endpoint: str = Field(max_length=200)
    options: dict[str, Any] = Field(default_factory=dict)
    dry_run: bool = Field(False, description="Say what would be done, and do nothing.")


@router.get("", response_model=LoopList)
def read_loop(workspace: Served, endpoint: str = "") -> Response:
    """Read what the loop sees, waits for and does, which rules hold, and how much of its limits is used."""
    desk = workspace.looping
    return document(LoopList(endpoints=desk.status(endpoint), proposals=desk.proposals()))


@router.get("/history", response_model=DeedList)
def read_history(
    workspace: Served,
    endpoint: str = "",
    days: Annotated[float, Query(ge=0.1, le=3650, description="How far back.")] = 28,
) -> Response:
    """Read what the loop did: trigger, action, predicted and measured effect."""
    return document(DeedList(history=workspace.looping.history(endpoint, days=days)))


@router.get("/plan", response_model=PlanList)
def read_plan(workspace: Served, endpoint: str = "") -> Response:
    """Read what every rule, and every playbook by hand, would do now; nothing is done."""
    return document(PlanList(plans=workspace.looping.plan(endpoint)))


@router.post("/interventions", response_model=Intervention)
def request_intervention(workspace: Served, asked: Request, authorization: Bearer = "") -> Response:
    """Use a playbook by hand: the loop carries it out at its next look; or, dry, say what it would do."""
    consent = workspace.looping.consent
    with acting_as(asked.actor):
        if asked.dry_run:
            return document(consent.draft(asked.playbook, asked.endpoint, asked.options))
        token = _token(asked, authorization)
        return document(consent.request(asked.playbook, asked.endpoint, asked.options, token=token))


@router.get("/interventions/{intervention}", response_model=Intervention)
def read_intervention(workspace: Served, intervention: str) -> Response:
    """Read one thing that the loop did or proposes."""
    return document(workspace.looping.consent.find(intervention))


@router.post("/interventions/{intervention}/approve", response_model=Intervention)
def approve_intervention(
    workspace: Served, intervention: str, said: Word, authorization: Bearer = ""
) -> Response:
    """Agree to a proposal: the loop carries it out at its next look."""
    with acting_as(said.actor):
        consent = workspace.looping.consent
        return document(consent.approve(intervention, token=_token(said, authorization)))


@router.post("/interventions/{intervention}/refuse", response_model=Intervention)
def refuse_intervention(
    workspace: Served, intervention: str, said: Word, authorization: Bearer = ""
) -> Response:
    """Refuse a proposal."""
    token = _token(said, authorization)
    with acting_as(said.actor):
        return document(workspace.looping.consent.refuse(intervention, said.text, token=token))


@router.post("/interventions/{intervention}/undo", response_model=Intervention)
def undo_intervention(
    workspace: Served, intervention: str, said: Word, authorization: Bearer = ""
) -> Response:
    """Take back what the loop did, at its next look."""
    token = _token(said, authorization)
    with acting_as(said.actor):
        return document(workspace.looping.consent.undo(intervention, said.text, token=token))


def _token(said: Word, authorization: str) -> str:
    scheme, _, text = authorization.partition(" ")
    return said.token or (text.strip() if scheme.lower() == "bearer" else "")
