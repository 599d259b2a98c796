"""The group: one file for each of its commands."""

import typer

from keepwell.cli.commands.loop import history, plan, playing, saying, simulate, status
from keepwell.cli.options import ListingGroup, command_app, examples


class StatusGroup(ListingGroup):
    """Shows the status when nothing else is asked: `keepwell loop` is `keepwell loop status`."""

    first = "status"


app: typer.Typer = command_app(group=True)
app.info.cls = StatusGroup


@app.callback()
def loop() -> None:
    """See what the loop sees, does and would do; agree, refuse, and take things back."""


app.command("status", epilog=examples("keepwell loop", "keepwell loop status churn --json"))(
    status.status
)
app.command("history", epilog=examples("keepwell loop history", "keepwell loop history --days 90"))(
    history.history
)
app.command("plan", epilog=examples("keepwell loop plan", "keepwell loop plan churn --json"))(
    plan.plan
)
app.command(
    "approve", epilog=examples("keepwell loop approve latest", "keepwell loop approve busy")
)(saying.approve)
app.command("refuse", epilog=examples("keepwell loop refuse latest --why 'not before Monday'"))(
    saying.refuse
)
app.command("undo", epilog=examples("keepwell loop undo busy --why 'the sale is over'"))(
    saying.undo
)
app.command(
    "run",
    epilog=examples(
        "keepwell loop run roll_back --dry-run", "keepwell loop run scale --option workers=4"
    ),
)(playing.run)
app.command("simulate", epilog=examples(*simulate.SIMULATE_EXAMPLES))(simulate.simulate)
