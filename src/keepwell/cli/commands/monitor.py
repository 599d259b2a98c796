"""`keepwell monitor`: how the endpoint is doing, by the monitor's last look."""

from collections.abc import Mapping
from typing import Any

from keepwell.cli.elsewhere import import_predictions, register
from keepwell.cli.options import (
    HERE,
    AsJson,
    OfEndpoint,
    ProjectFolder,
    command_app,
    examples,
    open_workspace,
)
from keepwell.cli.output import Output, ago, text
from keepwell.cli.standing import advice, fairness, kpis, objectives, performance

app = command_app(shows=True)

MOST = 30  # columns shown


@app.callback()
def monitor() -> None:
    """See how an endpoint is doing; watch models that are served elsewhere."""


@app.command("show", epilog=examples("keepwell monitor", "keepwell monitor show -e churn --json"))
def show(endpoint: OfEndpoint = "", project: ProjectFolder = HERE, as_json: AsJson = False) -> None:
    """Show drift, data quality, live performance, latency and errors of the endpoint."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        name = endpoint or workspace.spec.endpoint
        if endpoint:
            workspace.endpoints.read(endpoint)
        report = workspace.report(name)
    out.answer({"endpoint": name, "report": report}, lambda: _tell(out, name, report))


app.command(
    "register",
    epilog=examples(
        "keepwell monitor register credit --reference scored.csv --prediction decision",
        "keepwell monitor register credit --reference scored.csv --prediction said --target paid",
    ),
)(register)
app.command(
    "import",
    epilog=examples(
        "keepwell monitor import today.csv --endpoint credit --time at --prediction decision",
        "keepwell monitor import june.parquet -e credit --outcome paid --id order",
    ),
)(import_predictions)
app.command(
    "performance",
    epilog=examples("keepwell monitor performance", "keepwell monitor performance --now"),
)(performance)
app.command("kpis", epilog=examples("keepwell monitor kpis", "keepwell monitor kpis --json"))(kpis)
app.command("objectives", epilog=examples("keepwell monitor objectives"))(objectives)
app.command("fairness", epilog=examples("keepwell monitor fairness --now"))(fairness)
app.command("advice", epilog=examples("keepwell monitor advice"))(advice)


def _tell(out: Output, name: str, report: Mapping[str, Any] | None) -> None:
    if report is None:
        out.say(f"nothing was watched yet at '{name}'")
        out.say("next  keepwell up, then ask it something", style="cyan")
        return
    out.say(f"{name}, version {report['version']}, looked at {ago(report['time'])}", style="bold")
    if report["reading"]:
        out.say(report["reading"])
    total, performance = report["total"], report["performance"]
    latencies = [total[f"latency_p{share}_ms"] for share in (50, 95, 99)]
    out.facts(
        {
            "predictions": f"{report['rows']:,} in the window, {total['per_second']:.3g} requests a second",
            "latency": " · ".join(f"{value:.2f}" for value in latencies if value is not None)
            + " ms (p50 · p95 · p99)"
            if latencies[0] is not None
            else None,
            "errors": f"{total['error_rate']:.2%} of {total['requests']:,} requests",
            "performance": _performance(performance) if performance else "no outcome yet",
            "error": _change(report["concept"]) if report.get("concept") else None,
        }
    )
    columns = [*report["columns"], *([report["prediction"]] if report["prediction"] else [])]
    columns.sort(key=lambda item: (not item["drifted"], -item["severity"], -item["effect"]))
    rows = [
        [
            "yes" if c["drifted"] else "",
            c["name"],
            c["effect"] if c["detector"] else None,  # not looked at: no number, rather than 0
            c["limit"] if c["detector"] else None,
            c["detector"],
            c["message"],
        ]
        for c in columns[:MOST]
    ]
    out.table(["drift", "column", "effect", "limit", "detector", "what changed"], rows)
    for note in report["notes"]:
        out.say(f"note: {note}", style="dim")
    for signal in report["signals"]:
        out.say(f"! {signal['message']}", style="red")


def _change(change: Mapping[str, Any]) -> str:
    return (
        f"rose from {text(change['before'])} to {text(change['after'])}"
        f" on the newest {change['rows']:,} outcomes:"
        f" {text(change['rise'])} on equal inputs, {text(change['explained'])} by other inputs"
    )


def _performance(performance: Mapping[str, Any]) -> str:
    value, expected = performance["value"], performance["expected"]
    words = f"{performance['metric']} {text(value['value'])}"
    if value["low"] is not None:
        words += f" ({text(value['low'])} to {text(value['high'])})"
    if expected is not None:
        words += f", {text(expected['value'])} was promised"
    return (
        f"{words}; {performance['rows']:,} outcomes, {performance['coverage']:.0%} of predictions"
    )
