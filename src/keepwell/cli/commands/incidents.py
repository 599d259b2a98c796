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
from keepwell.cli.tables.figures import tell_figures
from keepwell.core.durations import format_duration

if TYPE_CHECKING:
    from keepwell.core.records import Incident
    from keepwell.operations.incidents.surroundings import Surroundings

app = command_app(group=True)

Which = Annotated[str, typer.Argument(help="Its id, its beginning, or `latest`.")]


@app.callback()
def incidents() -> None:
    """List, show and tend incidents: what went wrong, the likely cause, what was done."""


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
        chosen = workspace.handling.find(incident)
        around = workspace.surveyor.around(chosen, workspace.clock.now())
    document = to_plain(chosen) | {"surroundings": to_plain(around)}
    out.answer(document, lambda: _tell(out, chosen, around))


@app.command("ack", epilog=examples("keepwell incidents ack latest --why 'looking into it'"))
def acknowledge(
    incident: Which = "latest",
    why: Annotated[str, typer.Option("--why", help="Kept as a note.")] = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Take an incident on: its reminders and its escalation end. Who has no owner gets you."""
    with open_workspace(project) as workspace:
        changed = workspace.handling.acknowledge(incident, why)
    _answer(changed, f"taken on by {changed.acknowledged_by}", as_json)


@app.command("assign", epilog=examples("keepwell incidents assign latest ana"))
def assign(
    incident: Annotated[str, typer.Argument(help="Its id, its beginning, or `latest`.")],
    owner: Annotated[str, typer.Argument(help="Who looks after it; '' for nobody.")],
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Say who looks after an incident."""
    with open_workspace(project) as workspace:
        changed = workspace.handling.assign(incident, owner)
    _answer(changed, f"owner {changed.owner or 'nobody'}", as_json)


@app.command(
    "note",
    epilog=examples(
        "keepwell incidents note latest 'the supplier changed the unit of weight'",
        "keepwell incidents note latest 'of weight and height' --number 1",
    ),
)
def note(
    incident: Annotated[str, typer.Argument(help="Its id, its beginning, or `latest`.")],
    text: Annotated[str, typer.Argument(help="What you saw or did.")],
    number: Annotated[
        int, typer.Option(min=0, help="Write this note anew; with an empty text it goes.")
    ] = 0,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Write a note; it becomes part of the post-mortem."""
    with open_workspace(project) as workspace:
        changed = workspace.handling.note(incident, text, number=number)
    _answer(changed, f"{len(changed.notes)} note(s)", as_json)


@app.command("close", epilog=examples("keepwell incidents close latest --why 'a planned test'"))
def close(
    incident: Which = "latest",
    why: Annotated[str, typer.Option("--why", help="How it ended.")] = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Close an incident by hand: its signals are no news for a while. What runs for it goes on."""
    with open_workspace(project) as workspace:
        changed = workspace.handling.close(incident, why)
    _answer(changed, "closed", as_json)


@app.command("postmortem", epilog=examples("keepwell incidents postmortem latest > post-mortem.md"))
def postmortem(
    incident: Which = "latest",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Write the story of one incident as Markdown: what, why, what changed, what was done and did."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        chosen = workspace.handling.find(incident)
        story = workspace.story(chosen)
    out.answer({"id": chosen.id, "markdown": story}, lambda: print(story))


@app.command(
    "figures",
    epilog=examples("keepwell incidents figures", "keepwell incidents figures --days 90 --json"),
)
def figures(
    days: Annotated[float, typer.Option(min=1, max=3650, help="How far back.")] = 28,
    endpoint: Annotated[str, typer.Option("--endpoint", "-e", help="Of one endpoint only.")] = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Say how fast trouble is found, taken on and healed, and how releasing goes (DORA)."""
    from keepwell.infrastructure.codec import to_plain
    from keepwell.operations.incidents.figures import figures as measured

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        found = measured(
            workspace.metadata,
            workspace.incidents,
            workspace.clock.now(),
            days=days,
            endpoint=endpoint,
        )
    out.answer(to_plain(found), lambda: tell_figures(out, found))


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


def _answer(incident: "Incident", said: str, as_json: bool) -> None:
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    out.answer(to_plain(incident), lambda: out.say(f"{incident.title}: {said}"))


def _tell(out: Output, item: "Incident", around: "Surroundings") -> None:
    from keepwell.operations.incidents.surroundings import timeline_of

    out.say(item.title, style="bold")
    out.facts(
        {
            "incident": item.id,
            "endpoint": item.endpoint or None,
            "about": item.subject or None,
            "owner": item.owner or None,
            "taken on": f"{ago(item.acknowledged)} by {item.acknowledged_by}"
            if item.acknowledged
            else None,
            "affected": ", ".join((*around.endpoints, *around.slices)) or None,
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
    story = timeline_of(item, around)
    rows = [[_since(item, entry.time), entry.kind, entry.text] for entry in story]
    out.table(["when", "what", ""], rows)
    if around.effects:
        out.table(
            ["done", "because", "went", "metric", "before", "after"],
            [[e.action, e.reason, e.outcome, e.metric, e.before, e.after] for e in around.effects],
        )


def _since(item: "Incident", time: float) -> str:
    passed = time - item.opened
    return f"{'-' if passed < 0 else '+'}{format_duration(abs(passed))}"


def _lasted(item: "Incident") -> str:
    return format_duration(max(0.0, (item.closed or time.time()) - item.opened))
