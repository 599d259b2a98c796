"""`keepwell flags`: what is switched at an endpoint without deploying anything."""

from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from keepwell.core.records import Endpoint, Flags

app = command_app(group=True)

Name = Annotated[
    str, typer.Argument(metavar="[ENDPOINT]", help="The project's unless said.", show_default=False)
]


@app.callback()
def flags() -> None:
    """Switch models at once: kill switch, cohort rules, fallback, time limit."""


@app.command("list", epilog=examples("keepwell flags", "keepwell flags list --json"))
def list_flags(endpoint: Name = "", project: ProjectFolder = HERE, as_json: AsJson = False) -> None:
    """Show what is switched at an endpoint."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        _answer(out, workspace.endpoints.read(endpoint or workspace.spec.endpoint))


@app.command("kill", epilog=examples('keepwell flags kill --why "nonsense since the last release"'))
def kill(
    endpoint: Name = "",
    why: Why = "switched off by hand",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Stop asking the models: the fallback answers, or callers are told why."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        _answer(out, workspace.switchboard.kill(endpoint or workspace.spec.endpoint, why))


@app.command("revive", epilog=examples("keepwell flags revive"))
def revive(
    endpoint: Name = "",
    why: Why = "by hand",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Ask the models again."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        _answer(out, workspace.switchboard.revive(endpoint or workspace.spec.endpoint, why))


@app.command(
    "rules",
    epilog=examples("keepwell flags rules \"country == 'DE' -> v7\"", "keepwell flags rules"),
)
def rules(
    rule: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RULE]...", help="CONDITION -> vN, in order; none takes all away."),
    ] = None,
    endpoint: OfEndpoint = "",
    why: Why = "by hand",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Set the cohort rules: rows that a condition holds for are answered by one version."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        name = endpoint or workspace.spec.endpoint
        _answer(out, workspace.switchboard.route(name, rule or [], why))


@app.command(
    "fallback",
    epilog=examples(
        "keepwell flags fallback previous '\"No\"' --limit-ms 50", "keepwell flags fallback"
    ),
)
def fallback(
    step: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[STEP]...",
            help="previous, v3, CONDITION -> VALUE or VALUE (in JSON), in order; none takes all away.",
        ),
    ] = None,
    limit_ms: Annotated[
        float | None,
        typer.Option(help="Longer than that the model may not take.", show_default=False),
    ] = None,
    endpoint: OfEndpoint = "",
    why: Why = "by hand",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Set who answers when the model fails, is too slow or cannot be loaded."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        name = endpoint or workspace.spec.endpoint
        board = workspace.switchboard
        _answer(out, board.fall_back(name, step or [], why, limit_ms=limit_ms))


def _answer(out: Output, endpoint: "Endpoint") -> None:
    from keepwell.infrastructure.codec import to_plain

    found = endpoint.flags
    document = {"endpoint": endpoint.name, **to_plain(found)}
    out.answer(document, lambda: _tell(out, endpoint.name, found))


def _tell(out: Output, name: str, found: "Flags") -> None:
    out.say(name, style="bold")
    if found.idle:
        out.say("  nothing is switched: the shares decide, and errors reach the caller")
        out.say("next  keepwell flags fallback previous", style="cyan")
        return
    rules = "; ".join(f"{rule.when} -> v{rule.version}" for rule in found.rules)
    out.facts(
        {
            "models": f"OFF: {found.reason}" if found.killed else "asked",
            "rules": rules or None,
            "fallback": ", then ".join(found.fallback) or None,
            "time limit": None if found.limit_ms is None else f"{found.limit_ms:g} ms",
        }
    )
