"""What every route needs: the workspace, and records as answers."""

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Query, Request
from starlette.responses import Response

from keepwell.infrastructure.codec import to_json

if TYPE_CHECKING:
    from keepwell.workspace import Workspace
else:
    Workspace = Any  # FastAPI reads annotations at run time; the class itself is not needed there


def workspace_of(request: Request) -> Workspace:
    """Return the workspace that is served."""
    workspace: Workspace = request.app.state.workspace
    return workspace


Served = Annotated[Workspace, Depends(workspace_of)]
Limit = Annotated[int, Query(ge=1, le=10_000, description="At most this many.")]


def document(record: Any) -> Response:
    """Return a record as JSON, written by the same codec as everything that is stored."""
    return Response(to_json(record), media_type="application/json")
