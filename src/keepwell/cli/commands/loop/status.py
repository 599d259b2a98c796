"""`keepwell loop status`: per endpoint what the loop sees, waits for, and how rules and limits stand."""

from typing import TYPE_CHECKING, Annotated

import typer

from keepwell.cli.options import HERE, AsJson, ProjectFolder, open_workspace
from keepwell.cli.output import Output, ago

if TYPE_CHECKING:
    from keepwell.operations.loop.interventions.status import LoopStatus

Endpoint = Annotated[str, typer.Argument(help="Of one endpoint only.", show_default=False)]


def status(endpoint: Endpoint = "", project: ProjectFolder = HERE, as_json: AsJson = False) -> None:
    """Say what the loop sees, what it waits for, which rules hold and why not, and its limits."""
    from keepwell.infrastructure.codec import to_plain
    from keepwell.operations.serving.presence import is_up

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        if endpoint:
            workspace.endpoints.read(endpoint)
        found = workspace.looping.status(endpoint)
        looking = is_up(workspace.home)
    document = {"looking": looking, "endpoints": [to_plain(one) for one in found]}

    def tell() -> None:
        if not looking:
            out.say("nobody looks at present; keepwell up does")
        for one in found:
            _tell(out, one)

    out.answer(document, tell)


def _tell(out: Output, one: "LoopStatus") -> None:
    out.say(f"{one.endpoint}: {one.title or 'no incident'}", style="bold")
    out.facts(
        {
            "looked": ago(one.time),
            "champion": f"version {one.champion}",
            "state": one.state,
            "sees": "; ".join(one.sees) or "nothing outside its limits",
            "load": one.load or None,
            "did": ", ".join(one.does) or None,
            "waits": one.waits or None,
        }
    )
    if one.interventions:
        out.table(
            ["intervention", "does", "status", "needs", "because"],
            [[i.id, i.playbook, i.status, i.approval, i.reason] for i in one.interventions],
        )
    if one.rules:
        rows = [
            [
                rule.name + (" *" if rule.builtin else ""),
                rule.do,
                rule.holds,
                rule.waits or rule.why,
            ]
            for rule in one.rules
        ]
        out.table(["rule", "does", "holds", "why, or what it waits for"], rows)
    rows = [[line.name, line.used, line.allowed, line.holds, line.why] for line in one.limits]
    out.table(["limit", "used", "allowed", "free", "why"], rows)
