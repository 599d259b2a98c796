"""Rollouts: start one, see how it goes, promote, abort, switch back; deploy at once."""

from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from keepwell.api.documents import RolloutList
from keepwell.api.door import Limit, Served, document
from keepwell.core.events import acting_as
from keepwell.core.records import Endpoint, Rollout

router = APIRouter(prefix="/api/v1", tags=["rollouts"])


class _Wish(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RolloutWish(_Wish):
    """A rollout to start; what is not said is as in the project file."""

    versions: list[int] = Field(min_length=1, description="One version; several for ab and bandit.")
    strategy: str = ""
    steps: list[float] | None = None
    hold: float | None = Field(None, ge=0, description="Seconds.")
    weights: dict[int, float] | None = Field(None, description="By version, the champion's too.")
    sample: float | None = None
    watch: float | None = Field(None, ge=0)
    keep: float | None = Field(None, ge=0)
    every: float | None = Field(None, gt=0)
    explore: float | None = None
    reward: str | None = Field(None, pattern="^(correct|outcome)$")
    why: str = ""
    force: bool = False


class EndWish(_Wish):
    """How a rollout is to end."""

    why: str = "by request"
    version: int | None = None


class DeployWish(_Wish):
    """A version that is to have all traffic."""

    version: int
    why: str = "by request"
    force: bool = False


_SETTINGS = ("strategy", "hold", "sample", "watch", "keep", "every", "explore", "reward")


@router.post("/endpoints/{endpoint}/rollouts", response_model=Rollout, status_code=201)
def start_rollout(workspace: Served, endpoint: str, wish: RolloutWish) -> Response:
    """Start a rollout; it is led by the control process from then on."""
    given = {
        name: getattr(wish, name) for name in _SETTINGS if getattr(wish, name) not in (None, "")
    }
    spec = replace(workspace.spec.serve.rollout, **given)
    if wish.steps is not None:
        spec = replace(spec, steps=tuple(wish.steps))
    with acting_as("api"):
        started = workspace.desk.start(
            endpoint, wish.versions, spec, weights=wish.weights, why=wish.why, force=wish.force
        )
    answer = document(started)
    answer.status_code = 201
    return answer


@router.get("/endpoints/{endpoint}/rollouts", response_model=RolloutList)
def list_rollouts(workspace: Served, endpoint: str, limit: Limit = 50) -> Response:
    """List an endpoint's rollouts, newest first, with steps and verdicts."""
    name = workspace.endpoints.read(endpoint).name
    return document(RolloutList(rollouts=workspace.rollouts.find(name, limit)))


@router.get("/rollouts/{rollout}", response_model=dict[str, Any])
def read_rollout(workspace: Served, rollout: str) -> Response:
    """Read one rollout: steps, verdicts, versions side by side, the comparison on the same rows."""
    workspace.collector.collect()
    return document(workspace.desk.describe(workspace.desk.find(rollout)))


@router.post("/rollouts/{rollout}/promote", response_model=Rollout)
def promote_rollout(workspace: Served, rollout: str, wish: EndWish) -> Response:
    """Make the candidate (of several the one named) champion, and see that it answers."""
    found = workspace.desk.find(rollout)
    with acting_as("api"):
        return document(workspace.desk.promote(found.id, wish.version))


@router.post("/rollouts/{rollout}/abort", response_model=Rollout)
def abort_rollout(workspace: Served, rollout: str, wish: EndWish) -> Response:
    """Give all traffic back to the champion, and see that it answers."""
    found = workspace.desk.find(rollout)
    with acting_as("api"):
        return document(workspace.desk.abort(found.id, wish.why))


@router.post("/rollouts/{rollout}/back", response_model=Rollout)
def take_back(workspace: Served, rollout: str, wish: EndWish) -> Response:
    """Take a promotion back: the version before is champion again, and seen to answer."""
    found = workspace.desk.find(rollout)
    with acting_as("api"):
        return document(workspace.desk.back(found.id, wish.why))


@router.post("/endpoints/{endpoint}/deploy", response_model=Endpoint)
def deploy(workspace: Served, endpoint: str, wish: DeployWish) -> Response:
    """Give a version all traffic at once, and see that it answers."""
    with acting_as("api"):
        done = workspace.desk.deploy(endpoint, wish.version, wish.why, force=wish.force)
    return document(done)
