"""Scale: how many workers answer, for all endpoints and for one alone."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from keepwell.api.door import Served, document
from keepwell.core.events import acting_as
from keepwell.operations import sizing
from keepwell.operations.serving.capacity import Capacity, present

router = APIRouter(prefix="/api/v1/scale", tags=["scale"])


class ScaleWish(BaseModel):
    """How many workers are wanted; what is not said stays as it is."""

    model_config = ConfigDict(extra="forbid")

    workers: int | None = Field(None, description="General workers, at least 1.")
    pools: dict[str, int] = Field(
        default_factory=dict, description="Workers of one endpoint alone; 0 for none of its own."
    )
    why: str = "by request"


@router.get("", response_model=Capacity)
def read_scale(workspace: Served) -> Response:
    """Read how many workers are wanted and how many answer, and each of them."""
    return document(present(workspace.scaling.read(), workspace.home))


@router.patch("", response_model=Capacity)
def change_scale(workspace: Served, wish: ScaleWish) -> Response:
    """Change how many workers answer: new ones start, others finish what they were asked, and end.

    The answer does not wait for them: read it again until `answering` is `wanted`.
    """
    with acting_as("api"):
        scale = workspace.scaling.change(
            workers=wish.workers,
            pools=wish.pools,
            endpoints=[one.name for one in workspace.endpoints.find()],
            why=wish.why,
        )
    return document(present(scale, workspace.home))


@router.get("/advice", response_model=sizing.Advice)
def read_advice(workspace: Served) -> Response:
    """Read how many workers would do: from what was used, what is expected of the coming day, and prices."""
    return document(sizing.gather(workspace))


@router.post("/advice", response_model=Capacity)
def take_advice(workspace: Served) -> Response:
    """Ask for the workers that are advised now; nothing happens where those are wanted already.

    The answer does not wait for them: read the scale again until `answering` is `wanted`.
    """
    with acting_as("api"):
        advice = sizing.gather(workspace)
        if advice.changes:
            sizing.apply(workspace.scaling, workspace.endpoints.find(), advice)
    return document(present(workspace.scaling.read(), workspace.home))
