"""`keepwell forecasts`: what will run out, and what became of earlier forecasts."""

from typing import TYPE_CHECKING

from keepwell.cli.options import HERE, AsJson, ProjectFolder, command_app, examples, open_workspace
from keepwell.cli.output import Output, ago

if TYPE_CHECKING:
    from keepwell.operations.forecasts.record import Forecast, TrackRecord

app = command_app()


@app.command(epilog=examples("keepwell forecasts", "keepwell forecasts --json"))
def forecasts(project: ProjectFolder = HERE, as_json: AsJson = False) -> None:
    """Show what will run out if it goes on like this, and how earlier forecasts fared.

    `keepwell up` looks ahead every ten minutes along the disk and the memory of the machine. A forecast is
    true if the limit was reached as foretold, late if it was reached before half of the time had passed,
    averted if it was not reached.
    """
    from keepwell.infrastructure.codec import to_plain
    from keepwell.operations.forecasts.foresight import message
    from keepwell.operations.forecasts.record import track_record

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        found = workspace.foresight.all()
        now = workspace.clock.now()
    record = track_record(found)
    document = {
        "forecasts": [to_plain(one) | {"message": message(one)} for one in found],
        "record": to_plain(record) | {"hit_rate": record.hit_rate},
    }
    out.answer(document, lambda: _tell(out, found, record, now))


def _tell(out: Output, found: "list[Forecast]", record: "TrackRecord", now: float) -> None:
    from keepwell.operations.forecasts.foresight import message

    if not found:
        out.say("nothing is foretold: nothing that has a limit is steadily getting there")
        out.say("the machine is watched while `keepwell up` runs")
        return
    out.table(
        ["made", "fate", "what"], [[ago(one.made, now), one.fate, message(one)] for one in found]
    )
    rate = record.hit_rate
    if rate is not None:
        out.say(f"of the limits that were reached, {rate:.0%} had been foretold in time")
