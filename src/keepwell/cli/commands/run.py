"""`keepwell run`: build what is stale, or run a training script of one's own."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keepwell.cli.build_report import answer_run
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

if TYPE_CHECKING:
    from keepwell.operations.scripts import ScriptResult
    from keepwell.workspace import Workspace

app = command_app()


@app.command(
    epilog=examples(
        "keepwell run",
        "keepwell run -C churn --json > result.json",
        "keepwell run --script train.py",
        "keepwell run --script train.py --fresh",
    ),
)
def run(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(help="What the script is called with, after `--`.", show_default=False),
    ] = None,
    script: Annotated[
        Path | None,
        typer.Option(help="Run this training script with a record, in place of the build."),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Do not go on with a run that was stopped.")
    ] = False,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> int:
    """Build what is stale: ingest, train, register, gate, promote.

    A step whose inputs have not changed is not run again; each that runs says why. A run that was
    stopped goes on where it was. The exit code is 1 if a step failed or the gate stayed closed.

    With `--script` (or `script:` under `train:`) a training script of your own runs instead: what it logs is
    seen live, and a run that was killed goes on from its last checkpoint.
    """
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        own = script or (
            workspace.root / workspace.spec.train.script if workspace.spec.train.script else None
        )
        if own is not None:
            return _answer_script(out, workspace, own, arguments or [], fresh=fresh)
        _must_have_script(arguments, fresh=fresh)
        with watch_build(quiet=as_json) as listener:
            document = workspace.builder.run(listener).as_dict()
    return answer_run(out, document)


def _must_have_script(arguments: list[str] | None, *, fresh: bool) -> None:
    if arguments or fresh:
        from keepwell.core.errors import UsageError

        raise UsageError(
            f"{'--fresh' if fresh else repr(' '.join(arguments or []))} is for a script",
            why="the build takes no arguments: what it does stands in keepwell.yaml",
            now="keepwell run --script FILE -- ARGUMENTS, or keepwell run",
        )


def _answer_script(
    out: Output, workspace: "Workspace", script: Path, arguments: list[str], *, fresh: bool
) -> int:
    from keepwell.operations.scripts import run_script

    shown = sys.stderr if out.as_json else sys.stdout

    def echo(data: bytes) -> None:
        shown.write(data.decode(errors="replace"))
        shown.flush()

    result = run_script(workspace.bench, script, arguments, fresh=fresh, say=out.note, echo=echo)
    out.answer(result.as_dict(), lambda: _tell(out, result))
    return 0 if result.code == 0 else 1


def _tell(out: Output, result: "ScriptResult") -> None:
    run = result.run
    if result.code:
        out.say(f"✗ {run.status}: {run.error}", style="red")
        out.say(f"  keepwell runs show {run.id[:12]}", style="cyan")
        return
    model = f", model {run.model}" if run.model else ""
    out.say(
        f"✓ run {run.id}{model}{', ' + result.serving if result.serving else ''}", style="green"
    )
