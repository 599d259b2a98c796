"""`keepwell incidents`: what went wrong with an endpoint, why, and what the loop did."""

import time
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
from keepwell.cli.output import Output, ago
from keepwell.core.durations import format_duration
from keepwell.core.errors import NotFoundError

if TYPE_CHECKING:
    from keepwell.core.records import Incident
    from keepwell.workspace import Workspace

app = command_app(group=True)


@app.callback()
def incidents() -> None:
    """List and show incidents: what went wrong, the likely cause, what was done."""


@app.command("list", epilog=examples("keepwell incidents", "keepwell incidents list --json"))
def list_incidents(
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """List incidents, newest first."""
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        found = sorted(workspace.incidents.find(), key=lambda item: -item.opened)[:limit]
    rows = [
        [
            item.id,
            item.endpoint,
            item.status,
            item.resolution,
            ago(item.opened),
            _lasted(item),
            item.title,
        ]
        for item in found
    ]
    columns = ["incident", "endpoint", "status", "ended", "opened", "lasted", "title"]
    out.answer(
        {"incidents": [to_plain(item) for item in found]},
        lambda: out.table(columns, rows) if rows else out.say("no incident so far"),
    )


@app.command(
    "show", epilog=examples("keepwell incidents show latest", "keepwell incidents show 01K… --json")
)
def show_incident(
    incident: Annotated[str, typer.Argument(help="Its id, its beginning, or `latest`.")] = "latest",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Show one incident: signals, causes, timeline, and how it ended."""
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        found = sorted(workspace.incidents.find(), key=lambda item: -item.opened)
        matching = [i for i in found if incident == "latest" or i.id.startswith(incident.upper())]
        chosen = matching[0] if matching else workspace.incidents.read(incident)
    out.answer(to_plain(chosen), lambda: _tell(out, chosen))


@app.command("report", epilog=examples("keepwell incidents report latest > post-mortem.md"))
def report(
    incident: Annotated[str, typer.Argument(help="Its id, its beginning, or `latest`.")] = "latest",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Write the story of one incident as Markdown: what, why, what was done, how it ended."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        chosen = _find(workspace, incident)
        story = workspace.incidents.post_mortem(chosen.id)
    out.answer({"id": chosen.id, "markdown": story}, lambda: print(story))


@app.command("decisions", epilog=examples("keepwell incidents decisions --limit 50"))
def decisions(
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """List what the loop decided, and why; with --json the evidence is in it."""
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        found = workspace.incidents.decisions(limit=limit)
    rows = [[ago(d.time), d.endpoint, d.action, d.reason, d.outcome] for d in found]
    columns = ["when", "endpoint", "decision", "because", "went"]
    out.answer(
        {"decisions": [to_plain(item) for item in found]},
        lambda: out.table(columns, rows) if rows else out.say("no decision so far"),
    )


def _find(workspace: "Workspace", incident: str) -> "Incident":
    """Return the incident with this id or beginning of one, or the latest."""
    if incident == "latest":
        found = sorted(workspace.incidents.find(), key=lambda item: -item.opened)
        if not found:
            raise NotFoundError(
                "there is no incident so far", why="the loop opens one when a monitor finds harm"
            )
        return found[0]
    matching = [item for item in workspace.incidents.find() if item.id.startswith(incident.upper())]
    return matching[0] if len(matching) == 1 else workspace.incidents.read(incident)


def _tell(out: Output, item: "Incident") -> None:
    out.say(item.title, style="bold")
    out.facts(
        {
            "incident": item.id,
            "endpoint": item.endpoint,
            "status": f"{item.status} {item.resolution}".strip(),
            "opened": ago(item.opened),
            "lasted": _lasted(item),
            "summary": item.summary or None,
        }
    )
    if item.causes:
        causes = [[cause.score, cause.title, cause.evidence] for cause in item.causes]
        out.table(["score", "likely cause", "evidence"], causes)
    if item.signals:
        out.table(
            ["signal", "column", "message"], [[s.kind, s.column, s.message] for s in item.signals]
        )
    started = item.timeline[0].time if item.timeline else 0.0
    rows = [
        [f"+{format_duration(entry.time - started)}", entry.kind, entry.text]
        for entry in item.timeline
    ]
    out.table(["when", "what", ""], rows)


def _lasted(item: "Incident") -> str:
    return format_duration((item.closed or time.time()) - item.opened)
