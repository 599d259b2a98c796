"""`keepwell pretrained`: which pretrained models lie in a folder."""

from pathlib import Path
from typing import Annotated

import typer

from keepwell.cli.options import AsJson, command_app, examples
from keepwell.cli.output import Output

app = command_app()


@app.command(epilog=examples("keepwell pretrained models", "keepwell pretrained /srv/hub --json"))
def pretrained(
    folder: Annotated[
        Path,
        typer.Argument(metavar="[DIR]", help="Where models lie, at any depth.", show_default=True),
    ] = Path("models"),
    as_json: AsJson = False,
) -> None:
    """List the pretrained models of a folder: task, size, licence, and the key that takes each.

    Nothing is loaded or downloaded. What each is, is told by its own files.
    """
    from keepwell.training.neural.pretrained.catalog import pretrained_in

    out = Output(as_json=as_json)
    found = pretrained_in(folder)
    documents = [
        {
            "path": str(one.path),
            "architecture": one.architecture or None,
            "task": one.task or None,
            "key": f"train.{one.key}.model" if one.key else None,
            "bytes": one.size,
            "license": one.licence or None,
            "sha256": one.sha256,
        }
        for one in found
    ]

    def tell() -> None:
        rows = [
            [
                str(one.path),
                one.architecture or "weights alone",
                one.task or "unknown",
                f"{one.size / 1e6:,.1f} MB",
                one.licence or "not said",
                one.sha256[:16],
                f"{one.key}: {{model: …}}" if one.key else "none",
            ]
            for one in found
        ]
        if rows:
            out.table(["model", "architecture", "task", "size", "licence", "sha256", "key"], rows)
        else:
            out.say(f"no pretrained model lies in {folder}")

    out.answer(documents, tell)
