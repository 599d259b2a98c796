"""`keepwell scale`: more or fewer workers, while they answer."""

from typing import TYPE_CHECKING, Annotated

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
from keepwell.core.errors import UnavailableError, UsageError

if TYPE_CHECKING:
    from keepwell.operations.serving.capacity import Capacity
    from keepwell.workspace import Workspace

SECONDS = 60.0
"""Time that workers are given to start, or to finish what they were asked."""

app = command_app()


@app.command(
    epilog=examples(
        "keepwell scale",
        "keepwell scale 4",
        "keepwell scale churn 2 --why 'sale'",
        "keepwell scale --advise",
        "keepwell scale --apply",
    )
)
def scale(
    endpoint: Annotated[
        str, typer.Argument(help="The endpoint that gets workers of its own.", show_default=False)
    ] = "",
    workers: Annotated[
        str, typer.Argument(help="How many; 0 for none of its own.", show_default=False)
    ] = "",
    why: Annotated[str, typer.Option("--why", help="Told in the record.")] = "",
    advise: Annotated[
        bool, typer.Option("--advise", help="Say how many would do, from use and outlook.")
    ] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Ask for what is advised.")] = False,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Change how many workers answer, of all endpoints or of one alone; without a number, show it.

    A number alone is that of the general workers, which own the port. Nobody else is restarted: new workers
    join, others finish what they were asked. It lasts as long as `keepwell up`; what it starts with is in
    the project file (serve.workers, serve.pools). --advise looks at what was used, what the coming day is
    likely to ask for, and what it costs; --apply asks for what that says.
    """
    out = Output(as_json=as_json)
    if advise or apply:
        from keepwell.cli.tables.sizing import advised

        if endpoint or workers:
            raise UsageError(
                "advice is given for all workers together",
                why=f"'{endpoint}' was named besides",
                now="keepwell scale --advise, or keepwell scale --apply",
            )
        with open_workspace(project) as workspace:
            if apply:
                _require_up(workspace, None, "")
            advised(out, workspace, apply=apply)
        return
    name, count = _read(endpoint, workers)
    with open_workspace(project) as workspace:
        _require_up(workspace, count, name)
        if count is not None:
            endpoints = [one.name for one in workspace.endpoints.find()]
            if name:
                workspace.scaling.change(pools={name: count}, endpoints=endpoints, why=why)
            else:
                workspace.scaling.change(workers=count, why=why)
        found = _look(workspace, wait=count is not None)
    from keepwell.infrastructure.codec import to_plain

    out.answer(to_plain(found), lambda: _tell(out, found))


def _read(endpoint: str, workers: str) -> tuple[str, int | None]:
    """Return the endpoint, empty for all, and the number, None if none was said."""
    if endpoint and not workers:
        endpoint, workers = "", endpoint
    if not workers:
        return "", None
    try:
        return endpoint, int(workers)
    except ValueError:
        raise UsageError(
            f"'{workers}' is no number of workers",
            why="keepwell scale takes a number, or an endpoint and a number",
            now="keepwell scale 4, or keepwell scale churn 2",
        ) from None


def _require_up(workspace: "Workspace", count: int | None, name: str) -> None:
    from keepwell.operations.serving.presence import is_up

    if is_up(workspace.home):
        return
    line = f"serve: {{pools: {{{name}: {count}}}}}" if name else f"serve: {{workers: {count or 2}}}"
    raise UnavailableError(
        f"'{workspace.spec.name}' is not up",
        why="scale changes the workers of a running `keepwell up`",
        now=f"keepwell up; how many it starts with: {line} in keepwell.yaml",
    )


def _look(workspace: "Workspace", *, wait: bool) -> "Capacity":
    from keepwell.operations.serving.capacity import await_settled, present

    wanted = workspace.scaling.read()
    return await_settled(lambda: present(wanted, workspace.home), SECONDS if wait else 0.0)


def _tell(out: Output, found: "Capacity") -> None:
    lines = {"all endpoints": found.workers, **found.pools}
    for name, count in lines.items():
        late = "" if count.answering == count.wanted else f", {count.answering} answer so far"
        out.say(f"{name}  {count.wanted} workers{late}", style="bold")
    out.table(
        ["worker", "process", "for", "in flight", "models", "memory", ""],
        [
            [
                one.index,
                one.pid,
                one.endpoint or "all",
                one.in_flight,
                one.models,
                f"{one.memory_bytes / 1e6:.0f} MB",
                "ending" if one.draining else "",
            ]
            for one in found.processes
        ],
    )
