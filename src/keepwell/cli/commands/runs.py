"""`keepwell runs`: what was executed, from what, and how it went."""

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
    from collections.abc import Mapping

    from keepwell.core.records import Estimate, Run
    from keepwell.workspace import Workspace

app = command_app(group=True)

STARVED = 0.2
"""Share of its time in which the host was starved, from which on a run says so."""

TELLING = (
    "roc_auc",
    "rmse",
    "log_loss",
    "rows",
)  # the metrics that models are chosen by, if nothing is said; of a batch its rows


@app.callback()
def runs() -> None:
    """List and show runs: what was executed, from what, and how it went."""


@app.command("list", epilog=examples("keepwell runs", "keepwell runs list --limit 5 --json"))
def list_runs(
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        found = workspace.runs.find(limit=limit)
    from keepwell.infrastructure.codec import to_plain

    columns = ["run", "kind", "status", "started", "took", "result", "model"]
    out.answer(
        {"runs": [to_plain(run) for run in found]},
        lambda: out.table(columns, [_row(run) for run in found]),
    )


@app.command(
    "show",
    epilog=examples(
        "keepwell runs show 01K…",
        "keepwell runs show latest --json",
        "keepwell runs show latest --follow",
    ),
)
def show_run(
    run: Annotated[
        str, typer.Argument(help="The run's id, its beginning, or `latest`.")
    ] = "latest",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Watch it until it ends.")] = False,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Show one run: curves, parameters, metrics with intervals, code, artifacts."""
    from keepwell.cli.tables.curves import curve_rows, watch_run

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        found = _find(workspace, run)
        if follow:
            found = watch_run(workspace.runs, found.id, out)
        curves = workspace.runs.curves(found.id)
    from keepwell.infrastructure.codec import to_plain

    def tell() -> None:
        _tell(out, found)
        if rows := curve_rows(curves):
            out.table(["curve", "", "first", "last", "best", "step"], rows)

    out.answer(to_plain(found), tell)


def _find(workspace: "Workspace", run: str) -> "Run":
    """Return the run with this id or beginning of one, or the latest."""
    started = workspace.runs.find()
    if run == "latest":
        if not started:
            raise NotFoundError("there is no run so far", now="keepwell run")
        return started[0]
    matching = [item for item in started if item.id.startswith(run.upper())]
    return matching[0] if len(matching) == 1 else workspace.runs.get(run)


def _tell(out: Output, run: "Run") -> None:
    out.say(f"run {run.id}", style="bold")
    code = f"{run.code.commit[:10]}{' (with changes)' if run.code.dirty else ''}" or None
    out.facts(
        {
            "kind": run.kind,
            "status": run.status,
            "error": run.error or None,
            "started": ago(run.started),
            "took": _took(run),
            "used": _used(run),
            "dataset": run.dataset or None,
            "model": run.model or None,
            "code": code,
            "artifacts": ", ".join(item.name for item in run.artifacts) or None,
        }
    )
    if run.metrics:
        rows = [[name, item.value, interval(item)] for name, item in in_order(run.metrics)]
        out.table(["metric", "value", "95% interval"], rows)
    if run.params:
        out.table(
            ["parameter", "value"], [[name, str(value)] for name, value in run.params.items()]
        )


def in_order(metrics: "Mapping[str, Estimate]") -> list[tuple[str, "Estimate"]]:
    """Return metrics, the most telling first."""
    from keepwell.infrastructure.project_file.keys import METRICS

    place = {name: at for at, name in enumerate(METRICS)}
    return sorted(metrics.items(), key=lambda pair: place.get(pair[0], len(place)))


def interval(estimate: "Estimate") -> str:
    """Return an estimate's interval in words."""
    if estimate.low is None or estimate.high is None:
        return ""
    return f"{estimate.low:.4g} to {estimate.high:.4g}"


def _used(run: "Run") -> str | None:
    """Return what a run took from the machine, in words; None if it was not measured."""
    found = run.resources
    if found is None:
        return None
    parts = [
        f"{format_duration(found.cpu_seconds)} of a processor",
        f"{found.memory_peak / 1e6:,.0f} MB at most",
        f"{found.read_bytes / 1e6:,.1f} MB read",
        f"{found.written_bytes / 1e6:,.1f} MB written",
    ]
    if found.gpu_seconds:
        parts.append(f"{format_duration(found.gpu_seconds)} of a GPU")
    if found.starved >= STARVED:
        parts.append(f"short of processors {found.starved:.0%} of the time")
    return ", ".join(parts)


def _took(run: "Run") -> str:
    return "" if run.ended is None else format_duration(run.ended - run.started)


def _row(run: "Run") -> list[str]:
    name = next((item for item in (*TELLING, *run.metrics) if item in run.metrics), "")
    result = f"{name} {run.metrics[name].value:.4f}" if name else run.error[:40]
    if name == "rows":
        result = f"{run.metrics[name].value:,.0f} rows"
    return [run.id, run.kind, run.status, ago(run.started), _took(run), result, run.model]
