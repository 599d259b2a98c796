"""`keepwell reproduce`: make a version again, and see whether it comes out the same."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keepwell.cli.commands.models import named_version
from keepwell.cli.options import HERE, AsJson, ProjectFolder, command_app, examples, open_workspace
from keepwell.cli.output import Output

if TYPE_CHECKING:
    from keepwell.operations.reproduction import Reproduction

app = command_app()


@app.command(epilog=examples("keepwell reproduce 3", "keepwell reproduce champion --install"))
def reproduce(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL] [VERSION]",
            help="A number or an alias; the project's model and its newest version unless said.",
            show_default=False,
        ),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(min=0, help="How far the metric may be off, relative where it is beyond 1."),
    ] = 1e-6,
    install: Annotated[
        bool,
        typer.Option("--install", help="In a fresh environment with the packages of then, by pip."),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder to leave program, rows and answers in.", file_okay=False
        ),
    ] = None,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Make a version again from its code, data, seed and environment, and compare.

    The chosen candidate is trained again with its settings; the race that chose it is not run again.
    """
    from keepwell.cli.progress import watch_build
    from keepwell.infrastructure.codec import to_plain
    from keepwell.operations import reproduction

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        version = named_version(words, workspace)
        with watch_build(quiet=as_json) as listener:
            found = reproduction.reproduce(
                workspace.bench,
                version,
                tolerance=tolerance,
                install=install,
                output=output,
                progress=listener,
            )
    out.answer(to_plain(found), lambda: _tell(out, found))
    if not found.reproduced:
        raise typer.Exit(1)


def _tell(out: Output, found: "Reproduction") -> None:
    for check in found.checks:
        sign = "?" if check.same is None else "✓" if check.same else "✗"
        out.say(f"  {sign} {check.name:<11}  {check.detail}")
    if found.reproduced:
        how = "to the last bit" if found.identical else f"within {found.tolerance:g}"
        out.say(f"{found.version} is reproduced {how}", style="bold green")
    else:
        out.say(f"{found.version} is not reproduced", style="bold red")
