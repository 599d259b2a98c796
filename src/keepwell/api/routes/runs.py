"""What was executed."""

from fastapi import APIRouter
from starlette.responses import Response

from keepwell.api.documents import RunList, SeriesDocument
from keepwell.api.door import Limit, Served, document
from keepwell.core.records import Run

router = APIRouter(prefix="/api/v1/runs", tags=["runs"])


@router.get("", response_model=RunList)
def list_runs(workspace: Served, status: str = "", kind: str = "", limit: Limit = 100) -> Response:
    """List runs, last started first."""
    return document(RunList(runs=workspace.runs.find(status=status, kind=kind, limit=limit)))


@router.get("/{run}", response_model=Run)
def read_run(workspace: Served, run: str) -> Response:
    """Read one run: parameters, metrics with intervals, code, data, artifacts."""
    return document(workspace.runs.get(run))


@router.get("/{run}/curves", response_model=SeriesDocument)
def read_curves(workspace: Served, run: str) -> Response:
    """Read what a run logged while it went on, by name."""
    curves = workspace.runs.curves(workspace.runs.get(run).id)
    pairs = {
        name: [(point.time, point.value) for point in points] for name, points in curves.items()
    }
    return document(SeriesDocument(subject=f"run:{run}", series=pairs))


@router.get("/{run}/artifacts/{name:path}", response_class=Response)
def read_artifact(workspace: Served, run: str, name: str) -> Response:
    """Download a file that a run left, verified against its digest.

    It is handed out as a download, never as a page of this server.
    """
    return Response(
        workspace.runs.read(run, name),
        media_type="application/octet-stream",
        headers={"content-disposition": "attachment"},
    )
