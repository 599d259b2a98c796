"""`keepwell traces`: what language models were asked, what it took and cost, and how good it was."""

import time
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
    from keepwell.core.spec import CostsSpec
    from keepwell.monitoring.traces import TraceLine
    from keepwell.operations.traces.desk import WholeTrace

app = command_app(group=True)

_LONGEST = 600  # characters of a prompt or an answer that are shown
_WIDTH = 32  # of a waterfall


@app.callback()
def traces() -> None:
    """Look into the traces of language models: tokens, cost, time and scores of every request."""


@app.command(
    "list",
    epilog=examples(
        "keepwell traces",
        "keepwell traces list --app helpdesk --where 'ms>2000' --since '2h ago'",
        "keepwell traces list --where 'score:helpful<0.5' --text refund",
    ),
)
def list_traces(
    of_app: Annotated[
        str, typer.Option("--app", "-a", help="Of this application.", show_default=False)
    ] = "",
    where: Annotated[
        list[str] | None,
        typer.Option(
            help="A condition: model=gpt-4o, user=ada, cost>0.01, ms>2000, score:helpful<0.5.",
            show_default=False,
        ),
    ] = None,
    text: Annotated[
        str, typer.Option(help="Stands anywhere in one of its steps.", show_default=False)
    ] = "",
    failed: Annotated[bool, typer.Option("--failed", help="Only those with an error.")] = False,
    since: Annotated[str, typer.Option(help="From when on: 2h ago.", show_default=False)] = "",
    until: Annotated[str, typer.Option(help="Until when.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """List the newest traces, or those that match, with how many do and what they took together."""
    from keepwell.core.moments import moment
    from keepwell.infrastructure.codec import to_plain
    from keepwell.monitoring.traces import WantedTraces
    from keepwell.monitoring.traces.figures import figures

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        now = workspace.clock.now()
        wanted = WantedTraces(
            app=of_app,
            where=tuple(where or ()),
            text=text,
            failed=failed,
            since=moment(since, now) if since else None,
            until=moment(until, now) if until else None,
            limit=limit,
        )
        page = workspace.traces.find(wanted)
        found = figures(workspace.traces.log, wanted)
        costs = workspace.spec.costs
    document = {
        "total": page.total,
        "figures": found,
        "currency": costs.currency,
        "traces": [to_plain(one) for one in page.traces],
    }

    def tell() -> None:
        if not page.traces:
            out.say("no trace matches" if page.total or wanted != _all(limit) else _NONE_YET)
            return
        heads = ["trace", "when", "app", "took", "tokens", "cost", "scores", "what"]
        out.table(heads, [_row(one, costs) for one in page.traces])
        out.say(_sums(page.total, len(page.traces), found, costs))

    out.answer(document, tell)


@app.command(
    "show", epilog=examples("keepwell traces show latest", "keepwell traces show ID --json")
)
def show(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="A trace's id, or `latest`.")],
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Show one trace step by step: time, tokens, cost, prompt, answer, scores."""
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        whole = workspace.traces.read(_named(workspace, identifier))
        costs = workspace.spec.costs
    document = {
        "trace": whole.trace,
        "spans": [
            {**to_plain(span), "depth": depth, "cost": cost}
            for span, depth, cost in zip(whole.spans, whole.depths, whole.costs, strict=True)
        ],
        "scores": [to_plain(one) for one in whole.scores],
    }
    out.answer(document, lambda: _tell(out, whole, costs))


@app.command(
    "score",
    epilog=examples(
        "keepwell traces score latest helpful 0.8",
        "keepwell traces score ID correct 0 --why 'it made the price up'",
    ),
)
def score(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="A trace's id, or `latest`.")],
    name: Annotated[str, typer.Argument(help="What is judged.")],
    value: Annotated[float, typer.Argument(help="How good it is; 0 to 1 by custom.")],
    why: Annotated[str, typer.Option("--why", help="Told beside it.", show_default=False)] = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Say how good a trace is. Your newest score of a name counts."""
    from keepwell.core.events import current_actor
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        item = {
            "trace": _named(workspace, identifier),
            "name": name,
            "value": value,
            "comment": why,
        }
        given = workspace.traces.score(item, by=current_actor())
    out.answer(
        {"score": to_plain(given)},
        lambda: out.say(f"{given.name} of {given.trace} is {given.value:g}"),
    )


_NONE_YET = (
    'nothing was told yet; see docs/how-to/trace-language-models, or kw.monitor.trace("APP")'
)


def _all(limit: int) -> Any:
    from keepwell.monitoring.traces import WantedTraces

    return WantedTraces(limit=limit)


def _named(workspace: Any, identifier: str) -> str:
    if identifier != "latest":
        return identifier
    from keepwell.monitoring.traces import WantedTraces

    page = workspace.traces.find(WantedTraces(limit=1))
    return page.traces[0].trace if page.traces else identifier


def _row(one: "TraceLine", costs: "CostsSpec") -> list[str]:
    scores = ", ".join(f"{name} {value:.3g}" for name, value in one.scores.items())
    said = f"! {one.error}" if one.error else one.input
    return [
        one.trace,
        ago(one.began),
        one.app,
        _took(one.ms),
        f"{one.input_tokens + one.output_tokens:,.0f}",
        _money(one.cost, costs),
        scores,
        " ".join(said.split())[:60],
    ]


def _sums(total: int, shown: int, found: dict[str, float], costs: "CostsSpec") -> str:
    parts = [f"{shown:,} of {total:,} traces"]
    if found:
        parts += [
            f"{found['input_tokens'] + found['output_tokens']:,.0f} tokens",
            _money(found["cost"], costs) or "no price stated",
            f"p95 {_took(found['latency_p95_ms'])}",
            f"{found['error_rate']:.1%} failed",
        ]
    return "; ".join(parts)


def _tell(out: Output, whole: "WholeTrace", costs: "CostsSpec") -> None:
    begun = min(span.time for span in whole.spans)
    length = max(max(span.end for span in whole.spans) - begun, 1e-9)
    first = whole.spans[0]
    out.say(f"{first.name} of {first.app}  {whole.trace}", style="bold")
    when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(begun))
    out.facts(
        {
            "when": f"{when}, {ago(begun)}",
            "user": first.user or None,
            "session": first.session or None,
            "took": _took(length * 1000),
        }
    )
    rows = []
    for span, depth, cost in zip(whole.spans, whole.depths, whole.costs, strict=True):
        left = round((span.time - begun) / length * _WIDTH)
        wide = max(round(span.ms / 1000 / length * _WIDTH), 1)
        bar = " " * min(left, _WIDTH - 1) + "█" * min(wide, _WIDTH - min(left, _WIDTH - 1))
        tokens = (span.input_tokens or 0) + (span.output_tokens or 0)
        rows.append(
            [
                "  " * depth + span.name + (" !" if span.error else ""),
                span.model or span.kind,
                bar,
                _took(span.ms),
                f"{tokens:,}" if tokens else "",
                _money(cost or 0.0, costs),
            ]
        )
    out.table(["step", "what", "when", "took", "tokens", "cost"], rows)
    for span in whole.spans:
        if span.error:
            out.say(f"! {span.name}: {span.error}", style="red")
    told = [span for span in whole.spans if span.kind == "llm"] or [first]
    for span in told:
        for word, text in (("asked", span.input), ("said", span.output)):
            if text:
                out.say(f"  {span.name} {word}: {text[:_LONGEST]}{' …' if text[_LONGEST:] else ''}")
    for one in whole.scores:
        by = f" by {one.by}" if one.by else ""
        why = f": {one.comment}" if one.comment else ""
        out.say(f"  {one.name} {one.value:.3g} ({one.source}{by}){why}")


def _took(ms: float) -> str:
    return f"{ms / 1000:.2f} s" if ms >= 1000 else f"{ms:.0f} ms"  # noqa: PLR2004


def _money(amount: float, costs: "CostsSpec") -> str:
    from keepwell.monitoring.costs.prices import money

    return money(amount, costs.currency) if amount else ""
