"""`keepwell deploy`: a version to an endpoint, at once."""

from typing import Annotated

import typer

from keepwell.cli.options import (
    HERE,
    AsJson,
    OfEndpoint,
    ProjectFolder,
    Why,
    command_app,
    examples,
    open_workspace,
)
from keepwell.cli.output import Output

app = command_app()


@app.command(epilog=examples("keepwell deploy 4", "keepwell deploy challenger --endpoint churn"))
def deploy(
    version: Annotated[str, typer.Argument(help="A number or an alias.")],
    endpoint: OfEndpoint = "",
    why: Why = "by hand",
    force: Annotated[bool, typer.Option("--force", help="Even if its gate is closed.")] = False,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Give a version all traffic of an endpoint at once; `rollout start` does it step by step."""
    from keepwell.core.records import Route
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        name = endpoint or workspace.spec.endpoint
        known = workspace.endpoints.get(name)
        model = known.model if known is not None else workspace.spec.name
        number = workspace.registry.get(
            model, int(version) if version.isdigit() else version
        ).version
        alone = (Route(version=number, weight=100.0),)
        already = known is not None and known.routes == alone and not known.rollout
        done = workspace.desk.deploy(name, number, why, force=force)
    was = f" (was version {done.previous})" if done.previous else ""
    told = "already serves, nothing changed" if already else f"serves now{was}"
    out.answer(
        {**to_plain(done), "changed": not already},
        lambda: out.say(f"{name}  version {number} {told}", style="bold"),
    )
