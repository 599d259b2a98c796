"""`keepwell demo`: the whole loop, in a small simulated world."""

from pathlib import Path
from typing import Annotated

import typer

from keepwell.cli.options import AsJson, command_app, examples
from keepwell.cli.output import Output

app = command_app()


@app.command(epilog=examples("keepwell demo", "keepwell demo --keep tour --stay"))
def demo(
    keep: Annotated[
        Path | None,
        typer.Option(help="Keep the project in this folder.", show_default=False),
    ] = None,
    stay: Annotated[
        bool, typer.Option("--stay", help="Leave the server up at the end, until Ctrl-C.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where to serve; 0 takes a free port.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Of the simulated world.")] = 7,
    as_json: AsJson = False,
) -> int:
    """Watch a model being trained, served, breaking and healing, in about two minutes.

    The world is simulated: parcels of a courier service that does not exist. Everything else is real:
    it types `keepwell init`, `run` and `up`, and speaks HTTP with the endpoint. The exit code is 1 if
    the loop did not heal the model.
    """
    from keepwell.cli.demo.performance import perform

    return perform(Output(as_json=as_json), keep=keep, stay=stay, port=port, seed=seed)
