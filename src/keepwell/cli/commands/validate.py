"""`keepwell validate`: the champion on fresh outcomes, now or as it went before."""

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
from keepwell.cli.output import Output, ago

if TYPE_CHECKING:
    from keepwell.core.records import Run

app = command_app()


@app.command(epilog=examples("keepwell validate", "keepwell validate --history"))
def validate(
    history: Annotated[
        bool, typer.Option("--history", help="List earlier validations; judge nothing.")
    ] = False,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> int:
    """Hold the champion to its limits on the outcomes that came in since the last validation.

    The limits are `monitor.validation.min`, or else the gate's. `monitor.validation.schedule` has
    `keepwell up` do it by itself. The exit code is 1 if the champion fails.
    """
    from keepwell.operations.serving.validation import Validations

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        validations = Validations(workspace.bench, workspace.predictions)
        if history:
            found = validations.history()
        else:
            workspace.collector.collect()
            found = [validations.validate()]
        limits = validations.limits
        champion = validations.champion()
        metric = champion.metric if champion is not None else ""
    documents = [_document(run) for run in found]

    def tell() -> None:
        if not documents:
            out.say("nothing was validated yet; keepwell validate, or monitor.validation.schedule")
            return
        rows = [[ago(d["time"]), d["model"], d["rows"], d["verdict"], _shown(d)] for d in documents]
        out.table(["when", "version", "outcomes", "verdict", "metric (limit)"], rows)
        if not limits:
            out.note("! no limit is set, so nothing can fail")
            out.say(f"next  {_limit_for(metric)}", style="cyan")

    out.answer({"validations": documents}, tell)
    return 1 if not history and documents[0]["verdict"] == "failed" else 0


def _limit_for(metric: str) -> str:
    """Return the line of the project file that sets a limit."""
    named = metric or "METRIC"
    return f"say in keepwell.yaml, for example: monitor: {{validation: {{min: {{{named}: 0.8}}}}}}"


def _document(run: "Run") -> dict[str, Any]:
    limits = {
        name.removeprefix("limit "): value
        for name, value in run.params.items()
        if name.startswith("limit ")
    }
    return {
        "id": run.id,
        "time": run.started,
        "model": run.model,
        "verdict": run.tags["verdict"],
        "rows": run.params["rows"],
        "metrics": {name: estimate.value for name, estimate in run.metrics.items()},
        "limits": limits,
    }


def _shown(document: dict[str, Any]) -> str:
    metrics = document["metrics"]
    return ", ".join(
        f"{name} {metrics.get(name, float('nan')):.4g} ({limit:g})"
        for name, limit in document["limits"].items()
    )
