"""`keepwell tune`: settings of the server that answer best on this machine, with the evidence."""

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
from keepwell.cli.output import Output
from keepwell.cli.progress import watch_build
from keepwell.core.errors import UsageError

if TYPE_CHECKING:
    from keepwell.operations.tuning import Trial, Tuned

app = command_app(group=True)


@app.callback()
def tune() -> None:
    """Find settings by trying them: of the server, under load."""


@app.command(
    "serving",
    epilog=examples(
        "keepwell tune serving",
        "keepwell tune serving --clients 32 --seconds 5",
        "keepwell tune serving --workers 1,2,4 --apply",
    ),
)
def serving(
    endpoint: Annotated[
        str, typer.Argument(help="The project's endpoint unless said.", show_default=False)
    ] = "",
    clients: Annotated[
        int, typer.Option("--clients", min=0, max=1000, help="Connections; 0: two a processor.")
    ] = 0,
    rows: Annotated[int, typer.Option("--rows", min=1, max=1000, help="Of a request.")] = 1,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.5, max=60.0, help="Of each trial.")
    ] = 2.5,
    workers: Annotated[
        str, typer.Option("--workers", help="Numbers to try: 1,2,4.", show_default=False)
    ] = "",
    apply: Annotated[
        bool, typer.Option("--apply", help="Write what was chosen into keepwell.yaml.")
    ] = False,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> int:
    """Try numbers of workers, and how many requests one takes on, under load on this machine.

    Each setting gets workers of its own on a free port, for a few seconds; what serves is not asked. The
    settings are held to the latency objectives of `monitor.objectives`. Clients and workers share the
    processors. The exit code is 1 if no setting keeps the objectives.
    """
    from keepwell.infrastructure.codec import to_plain
    from keepwell.infrastructure.project_edits import set_values
    from keepwell.monitoring.machines.allowance import allowance
    from keepwell.operations.tuning import Asked, tune
    from keepwell.workspace import PROJECT_FILE

    asked = Asked(
        endpoint=endpoint, clients=clients, rows=rows, seconds=seconds, workers=_counts(workers)
    )
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        with watch_build() as listener:
            listener.step_started("tune", "settings under load")
            found = tune(
                workspace.bench,
                workspace.blobs_url,
                asked,
                cores=allowance().cores,
                progress=listener,
            )
        file = workspace.spec.root / PROJECT_FILE
        written = set_values(file, found.changes) if apply and found.kept else ""
    document = to_plain(found) | {"changes": found.changes, "written": written}
    out.answer(document, lambda: _tell(out, found, written))
    return 0 if found.kept else 1


def _counts(words: str) -> tuple[int, ...]:
    try:
        found = tuple(sorted({int(word) for word in words.split(",")})) if words else ()
    except ValueError:
        found = (0,)
    if any(not 1 <= count <= 64 for count in found):  # noqa: PLR2004 - more is no trial
        raise UsageError(
            f"'{words}' are no numbers of workers",
            why="1 to 64 can be tried, divided by commas",
            now="--workers 1,2,4",
        )
    return found


def _tell(out: Output, found: "Tuned", written: str) -> None:
    names = list(found.objectives)
    headings = ["workers", "at a time", "model", "load", "clients", "answers/s", "p50 ms", "p99 ms"]
    headings += [f"{name} {limit:g}" for name, (limit, _) in found.objectives.items()]
    headings += ["refused", "processors", "memory", ""]
    trials = [*found.trials, *([found.lighter] if found.lighter else [])]
    out.table(headings, [_row(found, trial, names) for trial in trials])
    count = found.chosen.workers
    who = "1 worker that takes" if count == 1 else f"{count} workers that take"
    out.say(
        f"{found.endpoint}: {who} on {found.chosen.in_flight} requests at a time: {found.reason}",
        style="bold",
    )
    if not names:
        out.say(
            "no latency objective is declared: monitor: {objectives: [{latency_p99_ms: 20}]} in keepwell.yaml"
        )
    out.say(f"clients and workers shared {found.cores:g} processors: alone, workers answer more")
    if found.disturbed:
        out.say(
            f"! others took up to {found.disturbed:.1f} processors meanwhile: try again when less is "
            "going on",
            style="yellow",
        )
    if written:
        out.say(written)
        out.say("written to keepwell.yaml; keepwell up starts with it", style="green")
    elif found.changes and found.kept:
        changed = ", ".join(f"{key}: {value}" for key, value in found.changes.items())
        out.say(f"next  the same with --apply writes {changed}", style="cyan")
    elif found.kept:
        out.say("the project serves with that already")
    elif found.lighter is None:
        out.say(
            "next  keepwell lighten --dry-run tells whether a lighter model would do", style="cyan"
        )


def _row(found: "Tuned", trial: "Trial", names: list[str]) -> list[object]:
    settings = trial.settings
    mark = "lighter" if trial is found.lighter else "chosen" if settings == found.chosen else ""
    return [
        settings.workers,
        settings.in_flight,
        f"v{settings.version}",
        trial.kind,
        trial.clients,
        round(trial.per_second),
        round(trial.p50_ms, 2),
        round(trial.p99_ms, 2),
        *(f"{trial.within[name]:.1%}" for name in names),
        f"{trial.refused:.1%}",
        round(trial.processors, 2),
        f"{trial.memory / 1e6:.0f} MB",
        mark,
    ]
