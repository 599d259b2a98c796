"""`keepwell costs`: what was used, what it cost, what waits for nobody."""

import time
from pathlib import Path
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
    from keepwell.monitoring.costs.bill import Line
    from keepwell.workspace import Workspace

app = command_app(group=True)

USE_CASE = "use-case"

Since = Annotated[str, typer.Option(help="Start: `30d ago`, a date; this month's unless said.")]
Until = Annotated[str, typer.Option(help="End: a time like --since.")]


@app.callback()
def money() -> None:
    """Show what was used and what it cost: bill, budget, idle workers."""


@app.command(
    "list",
    epilog=examples(
        "keepwell costs",
        "keepwell costs list --by run --since '7d ago'",
        "keepwell costs list --by use-case",
        "keepwell costs list --by endpoint --json",
    ),
)
def costs(
    by: Annotated[
        str, typer.Option(help="model, endpoint, run, kind, user, project or use-case.")
    ] = "model",
    since: Since = "",
    until: Until = "now",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Show what was used in a stretch of time and what it cost, with the budget of the month."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        if by == USE_CASE:
            _answer_use_cases(out, workspace, since, until)
            return
        _must_be_known(by)
        _answer_bill(out, workspace, by, since, until)


@app.command("idle", epilog=examples("keepwell costs idle", "keepwell costs idle --json"))
def idle(project: ProjectFolder = HERE, as_json: AsJson = False) -> None:
    """Show endpoints that nobody has asked for long, and what waiting costs."""
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        found, spec = workspace.ledger.idle(), workspace.spec.costs
        document = {"currency": spec.currency, "idle": [to_plain(one) for one in found]}

        def tell() -> None:
            if not found:
                out.say("nothing is idle", style="green")
                return
            out.table(
                ["endpoint", "asked last", "own workers", "ended", "memory", "wasted", "an hour"],
                [
                    [
                        one.endpoint,
                        ago(one.last, workspace.clock.now()) if one.last else "never",
                        one.workers,
                        one.parked,
                        f"{one.memory / 1e6:.0f} MB",
                        _money(one.wasted, spec.currency),
                        _money(one.an_hour, spec.currency),
                    ]
                    for one in found
                ],
            )
            own = next((one.endpoint for one in found if one.workers), None)
            if own and not spec.idle.stop:
                out.say(
                    f"keepwell scale {own} 0 ends its own workers; "
                    "costs: {idle: {stop: true}} does so by itself",
                    style="cyan",
                )

        out.answer(document, tell)


@app.command("import", epilog=examples("keepwell costs import bill.csv"))
def import_bill(
    file: Annotated[Path, typer.Argument(help="A bill that a cloud exported, as CSV.")],
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Add a cloud's bill (AWS, Google Cloud, Azure, or date, service and cost) to the costs."""
    from keepwell.monitoring.costs.billing import keep_charges, read_charges

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        charges = read_charges(file)
        keep_charges(workspace.measurements, charges)
        services = sorted({service for _, service in charges.days})
        document = {"rows": charges.rows, "total": charges.total, "services": services}
        currency = workspace.spec.costs.currency
    out.answer(
        document,
        lambda: out.say(
            f"{charges.rows:,} rows, {_money(charges.total, currency)}: {', '.join(services)}",
            style="green",
        ),
    )


def _must_be_known(by: str) -> None:
    from keepwell.core.errors import UsageError
    from keepwell.core.suggestions import did_you_mean
    from keepwell.monitoring.costs.bill import GROUPS

    known = (*GROUPS, USE_CASE)
    if by not in known:
        raise UsageError(
            f"costs are not told by '{by}'",
            why=f"they are told by: {', '.join(known)}",
            now=did_you_mean(by, known) or "keepwell costs list --by model",
        )


def _window(workspace: "Workspace", since: str, until: str) -> tuple[float, float]:
    from keepwell.core.moments import moment
    from keepwell.monitoring.costs.budget import month_of

    now = workspace.clock.now()
    return (moment(since, now) if since else month_of(now)[0]), moment(until, now)


def _answer_bill(out: Output, workspace: "Workspace", by: str, since: str, until: str) -> None:
    from keepwell.infrastructure.codec import to_plain
    from keepwell.monitoring.costs.amounts import energy, mass

    start, end = _window(workspace, since, until)
    bill = workspace.ledger.bill(start, end, by)
    budget = workspace.ledger.budget()
    document: dict[str, Any] = to_plain(bill)
    document["total"]["total"] = bill.total.total
    for plain, line in zip(document["lines"], bill.lines, strict=True):
        plain["cost"]["total"] = line.cost.total
    document["budget"] = None if budget is None else {**to_plain(budget), "share": budget.share}

    def tell() -> None:
        out.say(f"{_day(start)} to {_day(end)}, by {by}", style="bold")
        if not bill.lines:
            out.say("nothing was used: keepwell run trains, keepwell up serves")
        else:
            out.table(
                [by, "cost", "processor", "GPU", "memory", "runs", "predictions", "per thousand"],
                [_row(line, bill.currency) for line in bill.lines],
            )
            whole = bill.total
            carbon = f", {mass(whole.carbon_kg)} CO2" if whole.carbon_kg else ""
            total = _money(whole.total, bill.currency) if bill.priced else "no prices"
            out.say(f"total  {total}, {energy(whole.energy_kwh)}{carbon}", style="bold")
        if budget is not None:
            style = "red" if budget.spent_up else "yellow" if budget.share >= budget.warn else ""
            out.say(f"budget  {budget.message}", style=style)
        for note in bill.notes:
            out.say(f"  {note}", style="dim")

    out.answer(document, tell)


def _row(line: "Line", currency: str) -> list[Any]:
    from keepwell.core.durations import format_duration
    from keepwell.monitoring.costs.amounts import memory_time

    used = line.used
    return [
        line.name + (f" ({line.detail})" if line.detail else ""),
        _money(line.cost.total, currency) if line.cost.total else None,
        format_duration(used.cpu_seconds) if used.cpu_seconds else None,
        format_duration(used.gpu_seconds) if used.gpu_seconds else None,
        memory_time(used.memory_gb_seconds) if used.memory_gb_seconds else None,
        line.runs or None,
        int(line.rows) or None,
        _money(line.per_thousand, currency) if line.per_thousand else None,
    ]


def _answer_use_cases(out: Output, workspace: "Workspace", since: str, until: str) -> None:
    from keepwell.infrastructure.codec import to_plain

    start, end = _window(workspace, since, until)
    troubled = {one.endpoint for one in workspace.incidents.find() if one.status != "closed"}
    found = workspace.ledger.use_cases(start, end, troubled)
    currency = workspace.spec.costs.currency
    priced = workspace.spec.costs.prices.stated
    document = {
        "since": start,
        "until": end,
        "currency": currency,
        "use_cases": [{**to_plain(one), "total": one.cost.total, "roi": one.roi} for one in found],
    }

    def tell() -> None:
        if not found:
            out.say("there is no use case yet: keepwell run deploys the first version")
            return
        out.table(
            ["use case", "owner", "status", "model", "metric", "promised", "live", "KPI",
             "predictions", "cost", "per thousand", "earned", "ROI"],
            [
                [
                    one.name, one.owner, one.status, one.model, one.metric, one.promised, one.live,
                    ", ".join(f"{name} {value:.4g}" for name, value in one.kpis.items()),
                    int(one.rows),
                    _money(one.cost.total, currency) if priced else None,
                    _money(one.per_thousand, currency)
                    if priced and one.per_thousand is not None
                    else None,
                    None if one.earned is None else _money(one.earned, currency),
                    f"{one.roi:+.0%}" if priced and one.roi is not None else None,
                ]
                for one in found
            ],
        )  # fmt: skip

    out.answer(document, tell)


def _money(amount: float, currency: str) -> str:
    from keepwell.monitoring.costs.prices import money

    return money(amount, currency)


def _day(moment: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(moment))
