"""Numbers for Prometheus."""

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from keepwell.api.door import Served
from keepwell.api.exposition import expose

router = APIRouter(tags=["health"])


@router.get("/metrics", response_class=Response)
def metrics(workspace: Served, request: Request) -> Response:
    """Tell the numbers of endpoints, workers, monitors, incidents and this process, as Prometheus text."""
    body = expose(workspace, request.app.state.supervisor, request.app.state.loop)
    return Response(body, media_type=CONTENT_TYPE_LATEST)
