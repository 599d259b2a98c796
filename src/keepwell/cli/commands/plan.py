"""`keepwell plan`: what a run would do, and why."""

from keepwell.cli.options import (
    HERE,
    AsJson,
    ProjectFolder,
    command_app,
    examples,
    open_workspace,
)
from keepwell.cli.output import Output

app = command_app()


@app.command(epilog=examples("keepwell plan", "keepwell plan --json"))
def plan(project: ProjectFolder = HERE, as_json: AsJson = False) -> None:
    """Say which steps a run would do, and why. Nothing is changed."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        name, steps = workspace.spec.name, workspace.builder.plan()
    document = {
        "project": name,
        "steps": [{"name": s.name, "status": s.status, "reason": s.reason} for s in steps],
    }

    def tell() -> None:
        out.table(["step", "status", "reason"], [[s.name, s.status, s.reason] for s in steps])
        stale = sum(step.status == "stale" for step in steps)
        out.say(f"keepwell run would do {stale} of {len(steps)} steps" if stale else "up to date")

    out.answer(document, tell)
