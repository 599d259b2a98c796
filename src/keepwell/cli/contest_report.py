"""How a contest of versions, files and services is told, and drawn."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepwell.cli.output import Output

if TYPE_CHECKING:
    from keepwell.operations.alternatives import Contest, Result

_ADVICE = {
    "build": "build: keep your own",
    "buy": "buy: take the service",
    "combine": "combine: yours first, the service for the rest",
}


def tell_contest(out: Output, contest: "Contest", plot: Path | None) -> None:
    """Print the table, who fits, and what to do."""
    columns = [
        "who",
        "kind",
        contest.metric,
        "95% interval",
        "ms",
        "p95 ms",
        "cost per 1,000",
        "",
        "effort",
    ]
    out.table(columns, [_row(item) for item in contest.results])
    out.say(f"each was asked the same {contest.rows:,} rows, one by one; * nobody is better in all")
    for item in contest.results:
        if item.unanswered:
            out.say(
                f"{item.name} gave no usable answer to {item.unanswered:,} rows", style="yellow"
            )
    out.say(f"pick     {contest.pick or 'nobody keeps the limits'}", style="bold")
    out.say(f"advice   {_ADVICE[contest.advice]}", style="bold")
    for reason in contest.reasons:
        out.say(f"  {reason}")
    if plot is not None:
        out.say(f"plot     {plot}")


def _row(item: "Result") -> list[Any]:
    quality = item.quality
    reach = "" if quality.low is None else f"{quality.low:.3g} to {quality.high:.3g}"
    cost = "not stated" if item.cost is None else f"{item.cost:.4g}"
    signs = ("*" if item.frontier else "") + ("" if item.fits else " beyond limits")
    return [
        item.name,
        item.kind,
        quality.value,
        reach,
        item.latency_ms,
        item.latency_p95_ms,
        cost,
        signs.strip(),
        item.effort,
    ]


def write_plot(path: Path, contest: "Contest") -> None:
    """Write quality over time as an HTML file that needs no network; the size of a mark is the cost."""
    from keepwell.operations.reports.page import render_plot

    known = [item.cost for item in contest.results if item.cost]
    largest = max(known, default=0.0)
    traces = [
        {
            "type": "scatter",
            "mode": "markers+text",
            "name": item.name,
            "x": [item.latency_ms],
            "y": [item.quality.value],
            "text": [item.name],
            "textposition": "top center",
            "error_y": _reach(item),
            "marker": {
                "size": 12 + (24 * item.cost / largest if item.cost and largest else 0),
                "symbol": "circle" if item.frontier else "circle-open",
            },
        }
        for item in contest.results
    ]
    layout = {
        "xaxis": {"title": {"text": "milliseconds for one row (median)"}, "type": "log"},
        "yaxis": {"title": {"text": contest.metric}},
        "showlegend": False,
    }
    note = "Full marks: nobody is better in quality, time and cost. The larger, the dearer."
    lines = [*contest.reasons, note]
    figure = json.loads(json.dumps({"data": traces, "layout": layout}))
    title = f"{contest.metric} and time on the same {contest.rows:,} rows"
    path.write_text(render_plot(title, figure, lines), encoding="utf-8")


def _reach(item: "Result") -> dict[str, Any]:
    quality = item.quality
    if quality.low is None or quality.high is None:
        return {"visible": False}
    return {
        "type": "data",
        "symmetric": False,
        "array": [quality.high - quality.value],
        "arrayminus": [quality.value - quality.low],
    }
