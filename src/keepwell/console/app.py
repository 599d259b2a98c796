"""The console as one ASGI application, to be mounted at `/`."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from keepwell.console.pages import PAGES, workspace_of
from keepwell.console.pulse import Pulse
from keepwell.console.rendering import STATIC, render
from keepwell.core.errors import KeepwellError, NotFoundError
from keepwell.deployment.server.heartbeat import read_heartbeats

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

Describe = Callable[[], Mapping[str, Any]]
"""Gives the OpenAPI document of the REST interface that stands beside the console."""

_NOT_FOUND = 404


class Assets(StaticFiles):
    """Our own files; their address changes with their content, so a browser may keep them for good."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """Return a file that may be cached."""
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


def create_console(workspace: "Workspace", describe: Describe) -> Starlette:
    """Return the console of a workspace; it reads, and changes nothing."""
    console = Starlette(
        routes=[
            Mount("/static", Assets(directory=STATIC), name="static"),
            *(Route(page.path, page.answer, methods=["GET"]) for page in PAGES),
        ],
        exception_handlers={KeepwellError: _refuse, HTTPException: _miss, Exception: _refuse},
    )
    console.state.workspace = workspace
    console.state.describe = describe
    console.state.pulse = Pulse(lambda: read_heartbeats(workspace.home), workspace.clock)
    return console


def _refuse(request: Request, error: Exception) -> Response:
    """Say on a page what an error says; nothing that may fail again is asked for."""
    if not isinstance(error, KeepwellError):
        error = KeepwellError(
            f"{request.url.path} cannot be shown",
            why=f"{type(error).__name__}: {error}",
            now="this is a fault of Keepwell's; the log of the control process tells more",
        )
    context = {"project": workspace_of(request).spec.name, "troubles": 0, "error": error}
    return render(request, "error.html", context, status=error.http_status)


def _miss(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status != _NOT_FOUND:
        return Response(str(error), status)
    gone = NotFoundError(f"there is no page {request.url.path}", now="start from the home page")
    return _refuse(request, gone)
