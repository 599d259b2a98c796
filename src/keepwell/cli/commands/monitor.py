"""`keepwell monitor`: how the endpoint is doing, by the monitor's last look."""

from collections.abc import Mapping
from typing import Any

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


@app.command(epilog=examples("keepwell monitor", "keepwell monitor --json"))
def monitor(project: ProjectFolder = HERE, as_json: AsJson = False) -> None:
    """Show drift, data quality, live performance, latency and errors of the endpoint."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        name = workspace.spec.endpoint
        report = workspace.report(name)
    out.answer({"endpoint": name, "report": report}, lambda: _tell(out, name, report))


def _tell(out: Output, name: str, report: Mapping[str, Any] | None) -> None:
    if report is None:
        out.say(f"nothing was watched yet at '{name}'")
        out.say("next  keepwell up, then ask it something", style="cyan")
