"""`keepwell loop`: what the loop does, and what it would have done."""

from keepwell.cli.commands.loop.simulate import SIMULATE_EXAMPLES, simulate
from keepwell.cli.options import command_app, examples

__all__ = ["app"]

app = command_app()


@app.callback()
def loop() -> None:
    """See what the loop would have done under another policy."""


app.command("simulate", epilog=examples(*SIMULATE_EXAMPLES))(simulate)
