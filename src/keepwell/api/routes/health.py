"""Is it alive, and can it answer?"""

from collections.abc import Sequence
from typing import Any, Protocol

from fastapi import APIRouter, Request

from keepwell.api.door import Served
from keepwell.core.errors import UnavailableError
from keepwell.deployment.server.heartbeat import WorkerState
from keepwell.deployment.server.routes import read_routes
from keepwell.operations.leadership import Place, leader_of

router = APIRouter(tags=["health"])


class Workers(Protocol):
    """Knows the inference workers."""

    def workers(self) -> Sequence[WorkerState]:
        """Return the workers that live, as of their last heartbeats."""
        ...


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """Tell that the control process answers; nothing else is looked at."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(workspace: Served, request: Request) -> dict[str, Any]:
    """Tell whether a champion can answer: 200 if so, else 503 with the reason.

    A control process that does not lead is as ready as the one that does; `leader` says who that is.
    """
    champions = {
        item.name: item.champion for item in workspace.endpoints.find() if item.champion is not None
    }
    if not champions:
        raise UnavailableError(
            "no endpoint has a champion yet",
            why="a version goes live when it has passed its gate",
            now="keepwell run",
        )
    workers: Workers | None = request.app.state.supervisor
    wanted = read_routes(workspace.home).generation
    if workers is not None:
        _require_answer(workers.workers(), wanted)
    leader = leader_of(workspace.metadata.leases, Place.here(workspace.home), workspace.clock.now())
    return {
        "status": "ready",
        "champions": champions,
        "generation": wanted,
        "leader": None if leader is None else {"told": leader.told, "here": leader.here},
    }


def _require_answer(states: Sequence[WorkerState], wanted: int) -> None:
    """Refuse unless a worker answers by the newest routes."""
    if not states:
        raise UnavailableError("no worker is up yet", why="they are starting", now="ask again")
    if wanted and any(state.generation >= wanted for state in states):
        return
    problems = sorted({problem for state in states for problem in state.problems})
    raise UnavailableError(
        "no worker answers by the newest routes yet",
        why="; ".join(problems) or f"they are loading generation {wanted or 1}",
        now="ask again" if not problems else "keepwell models, to promote a version that loads",
        details={"generation": wanted, "workers": [state.generation for state in states]},
    )
