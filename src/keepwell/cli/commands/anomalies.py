"""`keepwell anomalies`: what was unusual in any series of measurements."""

from typing import TYPE_CHECKING, Annotated

import typer

from keepwell.cli.options import HERE, AsJson, ProjectFolder, command_app, examples, open_workspace
from keepwell.cli.output import Output, ago
from keepwell.core.durations import parse_duration
from keepwell.core.errors import UsageError

if TYPE_CHECKING:
    from keepwell.operations.anomalies.watch import Anomaly

app = command_app()


@app.command(epilog=examples("keepwell anomalies", "keepwell anomalies --since 7d --json"))
def anomalies(
    since: Annotated[str, typer.Option("--since", help="How far back, such as 24h.")] = "24h",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Show what was unusual: latencies, errors, traffic, drift, quality, and the machine.

    Every series that `keepwell up` writes is judged by its own past, without any configuration. What is
    shown is an observation; alarms come from the monitors, and an incident names the anomalies around it.
    """
    from keepwell.operations.anomalies.watch import look_back
    from keepwell.operations.serving.subjects import watched_subjects

    try:
        seconds = parse_duration(since)
    except ValueError as error:
        raise UsageError(f"--since {since}", why=str(error), now="--since 24h") from None
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        now = workspace.clock.now()
        subjects = watched_subjects(workspace.endpoints, workspace.traces.apps())
        found = look_back(workspace.measurements, subjects, now - seconds)
    from keepwell.infrastructure.codec import to_plain

    document = {"anomalies": [to_plain(one) | {"message": one.message} for one in found]}
    out.answer(document, lambda: _tell(out, found, since, now))


def _tell(out: Output, found: "list[Anomaly]", since: str, now: float) -> None:
    if not found:
        out.say(f"nothing unusual in the last {since}")
        out.say(
            "series are written while `keepwell up` runs; each is judged after its first values"
        )
        return
    rows = [
        [ago(one.time, now), one.subject.replace(":", " ", 1), one.series, one.saying,
         f"{one.value:.4g}", f"{one.expected:.4g}", f"{one.surprise:.1f}"]
        for one in found
    ]  # fmt: skip
    out.table(["when", "of", "series", "what", "value", "usual", "surprise"], rows)
    out.say("surprise: 3 is one value in a thousand, 4 one in ten thousand")
