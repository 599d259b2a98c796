"""`keepwell up`: the endpoint, the console and the loop, on one port."""

import json
import os
import shlex
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keepwell.cli.options import (
    HERE,
    AsJson,
    ProjectFolder,
    command_app,
    examples,
    open_workspace,
)
from keepwell.cli.output import Output
from keepwell.core.errors import BusyError

if TYPE_CHECKING:
    from keepwell.operations.serving.presence import Address
    from keepwell.workspace import Workspace

app = command_app()


@app.command(epilog=examples("keepwell up", "keepwell up --port 4500 --workers 2"))
def up(
    host: Annotated[str, typer.Option(help="Address to listen on.", show_default=False)] = "",
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port; 0 takes a free one.", show_default=False),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes that answer predictions.", show_default=False)
    ] = 0,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Serve the champion, show the console, watch, and heal. Ends with Ctrl-C.

    Address, port and workers are those of the project file unless said. With --json the document is
    printed once the endpoint answers, and the command goes on.
    """
    _give_memory_back()
    from keepwell.api.serving import up as serve
    from keepwell.operations.serving.presence import address_of

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        out.note(f"starting {workspace.spec.name} …")
        try:
            serve(
                workspace,
                host=host,
                port=port,
                workers=workers,
                on_ready=lambda url: _ready(out, workspace, url),
            )
        except BusyError as error:
            raise in_the_way(error, address_of(workspace.home)) from None


def _give_memory_back() -> None:
    """Choose Arrow's allocator, before Arrow is loaded: its own choice keeps what looks at the log freed.

    mimalloc holds on to a heap for each of a reader's threads; with jemalloc the same looks end 95 MB lower.
    Arrow has it on Linux only. Who chose one is left with it.
    """
    if sys.platform == "linux":
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc")


def in_the_way(error: BusyError, address: "Address | None" = None) -> BusyError:
    """Return the error with what to do: open what is served already, or take the next free port."""
    free, now = error.details.get("free"), error.now
    if free:
        now = f"keepwell up --port {free}"
    elif address is not None:
        now = f"it is served: open {address.url}\n{now}"
    return BusyError(error.what, why=error.why, now=now, details=error.details)


def _ready(out: Output, workspace: "Workspace", url: str) -> None:
    """Say where everything is, with a request that can be pasted."""
    name = workspace.spec.endpoint
    row = example_row(workspace)
    secured = workspace.spec.serve.tokens == "required"
    curl = curl_line(f"{url}/endpoints/{name}/predict", row, secured=secured) if row else None
    document = {"url": url, "endpoint": f"{url}/endpoints/{name}", "example": row, "curl": curl}

    def tell() -> None:
        out.say(f"{name} is up", style="bold green")
        facts = {"console": f"{url}/", "endpoint": document["endpoint"], "API": f"{url}/docs"}
        port = workspace.spec.serve.grpc_port
        out.facts(
            facts | {"gRPC": f"{url.split('//')[1].rpartition(':')[0]}:{port}" if port else None}
        )
        if curl:
            if secured:
                out.say("\nit answers nobody without a token:", style="bold")
                out.say("  TOKEN=$(keepwell tokens create NAME)")
            out.say("\nask it something:", style="bold")
            out.say(f"  {curl}")
        else:
            out.say("\nThere is no champion yet: keepwell run trains one.", style="yellow")
        out.say("\nCtrl-C stops it.")

    out.answer(document, tell)
    sys.stdout.flush()


def example_row(workspace: "Workspace") -> dict[str, Any] | None:
    """Return a row of the training data as the champion takes it; None without a champion."""
    from keepwell.deployment.example import asked_example

    registry, name = workspace.registry, workspace.spec.name
    champion = registry.resolve(name, "champion")
    if champion is None:
        return None
    return asked_example(registry.get(name, champion).signature)


def curl_line(url: str, row: dict[str, Any], *, secured: bool = False) -> str:
    """Return the command that asks for one row.

    >>> print(curl_line("http://h/predict", {"tenure": 3}).partition("-d ")[2])
    '{"instances": [{"tenure": 3}]}'
    """
    body = json.dumps({"instances": [row]}, ensure_ascii=False)
    token = ' -H "authorization: Bearer $TOKEN"' if secured else ""
    return f"curl {url}{token} -H 'content-type: application/json' -d {shlex.quote(body)}"
