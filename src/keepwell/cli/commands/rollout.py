"""`keepwell rollout`: versions tried and promoted step by step, compared, taken back."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keepwell.cli.options import (
    HERE,
    AsJson,
    OfEndpoint,
    ProjectFolder,
    Why,
    command_app,
    examples,
    open_workspace,
)
from keepwell.cli.output import Output, ago
from keepwell.cli.rollout_options import rollout_spec, rollout_weights
from keepwell.cli.rollout_tables import brief_lines, tell_rollout
from keepwell.core.durations import format_duration
from keepwell.core.errors import NotFoundError

if TYPE_CHECKING:
    from keepwell.core.records import Rollout
    from keepwell.workspace import Workspace

app = command_app(group=True)

Which = Annotated[
    str, typer.Argument(metavar="[ROLLOUT]", help="Its id, its beginning, or `latest`.")
]


@app.callback()
def rollout() -> None:
    """Try versions on live traffic: canary, blue-green, shadow, A/B/n, bandit."""


@app.command(
    "start",
    epilog=examples(
        "keepwell rollout start 4",
        "keepwell rollout start 4 --strategy canary --steps 5,25,100 --hold 10m",
        "keepwell rollout start 4 --strategy shadow --set sample=0.1 --hold 1h",
        "keepwell rollout start 4 5 --strategy ab --weights 3=50,4=25,5=25",
    ),
)
def start(
    versions: Annotated[list[int], typer.Argument(help="One version; several for ab and bandit.")],
    strategy: Annotated[
        str,
        typer.Option(
            help="canary, all-at-once, blue-green, shadow, ab or bandit; as in the project file"
            " unless said.",
            show_default=False,
        ),
    ] = "",
    steps: Annotated[
        str, typer.Option(help="Percents of a canary: 5,25,100.", show_default=False)
    ] = "",
    hold: Annotated[str, typer.Option(help="Time at each step: 10m.", show_default=False)] = "",
    weights: Annotated[
        str, typer.Option(help="Shares of ab: 3=50,4=50; equal unless said.", show_default=False)
    ] = "",
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="sample=0.1, watch=1h, keep=1h, every=1m, explore=5, reward=outcome.",
            show_default=False,
        ),
    ] = None,
    why: Why = "by hand",
    force: Annotated[bool, typer.Option("--force", help="Even if a gate is closed.")] = False,
    endpoint: OfEndpoint = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Start a rollout. `keepwell up` leads it, judges each step, and goes back if it does harm."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        spec = rollout_spec(workspace.spec.serve.rollout, strategy, steps, hold, setting or [])
        started = workspace.desk.start(
            endpoint or workspace.spec.endpoint,
            versions,
            spec,
            weights=rollout_weights(weights),
            why=why,
            force=force,
        )
        _answer(out, workspace, started)


@app.command(
    "status", epilog=examples("keepwell rollout status", "keepwell rollout status latest --json")
)
def status(
    which: Which = "latest",
    endpoint: OfEndpoint = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Show a rollout: its steps and verdicts, and the versions side by side."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        workspace.collector.collect()
        if which == "latest" and not workspace.rollouts.find(endpoint):
            nothing = {"rollout": None, "next": "keepwell rollout start VERSION"}
            out.answer(nothing, lambda: _empty(out))
            return
        _answer(out, workspace, workspace.desk.find(which, endpoint))


@app.command(
    "promote",
    epilog=examples("keepwell rollout promote", "keepwell rollout promote latest --version 5"),
)
def promote(
    which: Which = "latest",
    version: Annotated[
        int | None, typer.Option(help="Of several candidates, this one.", show_default=False)
    ] = None,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Make the candidate champion now, once it is seen to answer everything."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        found = _running(workspace, which)
        _answer(out, workspace, workspace.desk.promote(found.id, version))


@app.command("abort", epilog=examples('keepwell rollout abort --why "complaints"'))
def abort(
    which: Which = "latest",
    why: Why = "by hand",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Give all traffic back to the champion, and see that it answers."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        found = _running(workspace, which)
        _answer(out, workspace, workspace.desk.abort(found.id, why))


@app.command(
    "back",
    epilog=examples("keepwell rollout back", 'keepwell rollout back --why "worse on mobile"'),
)
def back(
    which: Which = "latest",
    why: Why = "by hand",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Take a promotion back: the version before is champion again, and seen to answer."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        _answer(out, workspace, workspace.desk.back(workspace.desk.find(which).id, why))


@app.command(
    "history", epilog=examples("keepwell rollout history", "keepwell rollout history --json")
)
def history(
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    endpoint: OfEndpoint = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """List rollouts, newest first, with how they ended."""
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        found = workspace.rollouts.find(endpoint, limit)
    columns = ["rollout", "endpoint", "strategy", "versions", "status", "started", "reason"]
    out.answer(
        {"rollouts": [to_plain(item) for item in found]},
        lambda: out.table(columns, brief_lines(found)) if found else _empty(out),
    )


app.command("list", hidden=True, epilog=examples("keepwell rollout list"))(history)


@app.command(
    "at", epilog=examples("keepwell rollout at 2026-01-31T14:03", 'keepwell rollout at "2h ago"')
)
def at(
    when: Annotated[str, typer.Argument(help="Unix seconds, ISO 8601 (UTC), or `2h ago`.")] = "now",
    endpoint: OfEndpoint = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Tell what served at a time: versions, shares, flags, and what had changed them."""
    from keepwell.core.moments import moment
    from keepwell.deployment.rollouts.timeline import timeline
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        asked = moment(when, workspace.clock.now())
        name = endpoint or workspace.spec.endpoint
        periods = [one for one in timeline(workspace.endpoints, name) if one.since <= asked]
        if not periods:
            raise NotFoundError(
                f"the endpoint '{name}' did not exist at that time",
                why=f"asked for is {_stamp(asked)}",
                now="keepwell rollout at now",
            )
    period = periods[0]

    def tell() -> None:
        routed = ", ".join(
            f"version {r.version} {r.weight:g}% ({r.role})" for r in period.answering
        )
        nobody = "no version: the fallback" if period.flags.fallback else "nobody"
        out.say(f"{name} at {_stamp(asked)}", style="bold")
        out.facts(
            {
                "champion": period.champion,
                "answered": routed or nobody,
                "rollout": period.rollout or None,
                "switched": None if period.flags.idle else _flags(period.flags),
                "since": f"{_stamp(period.since)} ({period.change}: {period.why or 'no reason given'})",
                "until": _stamp(period.until) if period.until is not None else "now",
            }
        )

    out.answer({"endpoint": name, "at": asked, **to_plain(period)}, tell)


def _running(workspace: "Workspace", which: str) -> "Rollout":
    if which == "latest":
        for found in workspace.rollouts.find():
            if found.status in ("running", "abort_failed"):
                return found
        raise NotFoundError("no rollout is in progress", now="keepwell rollout history")
    return workspace.desk.find(which)


def _answer(out: Output, workspace: "Workspace", found: "Rollout") -> None:
    document = workspace.desk.describe(found)
    out.answer(document, lambda: tell_rollout(out, document))


def _empty(out: Output) -> None:
    out.say("no rollout so far")
    out.say("next  keepwell rollout start VERSION", style="cyan")


def _flags(flags: Any) -> str:
    parts = [f"off ({flags.reason})"] if flags.killed else []
    parts += [f"{rule.when} -> v{rule.version}" for rule in flags.rules]
    parts += [f"fallback {', '.join(flags.fallback)}"] if flags.fallback else []
    return "; ".join(parts) or f"limit {flags.limit_ms:g} ms"


def _stamp(seconds: float) -> str:
    shown = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))
    passed = time.time() - seconds
    return (
        f"{shown}, {ago(seconds)}"
        if passed >= 1
        else f"{shown}" + ("" if passed > -1 else f", in {format_duration(-passed)}")
    )
