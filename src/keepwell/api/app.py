"""The control process's application: everything but predictions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response

from keepwell import __version__
from keepwell.api import refusals, routes
from keepwell.api.packed import Unpacking
from keepwell.api.routes.health import Workers
from keepwell.api.security import Guard
from keepwell.core.errors import NotFoundError
from keepwell.core.plugins import load_plugin, plugin_names

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

DESCRIPTION = (
    "Predictions, feedback and everything that is known about them. "
    "A refusal is a JSON document with `what`, `why` and `now`."
)


def create_app(
    workspace: "Workspace",
    *,
    supervisor: Workers | None = None,
    loop: object = None,
    host: str = "",
) -> FastAPI:
    """Return the application that serves a workspace.

    Args:
        workspace: What is served.
        supervisor: Knows the inference workers; without one, readiness follows the record alone.
        loop: The closed loop, if it is at work in this process.
        host: Address that the workers listen on; the project's if empty.
    """
    app = FastAPI(
        title="Keepwell",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,  # the stock page loads its scripts from another host; the console has one
        redoc_url=None,
    )
    app.state.workspace = workspace
    app.state.supervisor = supervisor
    app.state.loop = loop
    refusals.install(app)
    for name in routes.__all__:
        app.include_router(getattr(routes, name))
    app.add_route("/api/{path:path}", _nothing, include_in_schema=False)
    _mount_pages(app, workspace)
    app.add_middleware(Unpacking)
    app.add_middleware(Guard, bound=host or workspace.spec.serve.host)
    return app


async def _nothing(request: Request) -> Response:
    """Answer programs in their language where the pages behind would answer people."""
    raise NotFoundError(f"there is nothing at {request.url.path}", now="see /docs")


def _mount_pages(app: FastAPI, workspace: "Workspace") -> None:
    """Mount what is registered under `keepwell.web`; each is `create(workspace, describe)`."""

    def describe() -> Mapping[str, Any]:
        return app.openapi()

    for name in plugin_names("web"):
        app.mount("/", load_plugin("web", name)(workspace, describe), name=name)
