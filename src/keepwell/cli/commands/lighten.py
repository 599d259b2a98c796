"""`keepwell lighten`: a smaller model from one that is there, with what that gains and costs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keepwell.cli.commands.models import named
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
    from keepwell.core.records import ModelVersion
    from keepwell.operations.lighter import Lighter, Refusal
    from keepwell.workspace import Workspace

app = command_app()

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[MODEL] [VERSION]",
        help="A number or an alias; the project's champion unless said.",
        show_default=False,
    ),
]


@app.command(
    epilog=examples(
        "keepwell lighten",
        "keepwell lighten --loss 1%",
        "keepwell lighten 3 --dry-run --json",
    )
)
def lighten(
    words: Words = None,
    loss: Annotated[
        str, typer.Option("--loss", help="Share of the metric's value that may be lost.")
    ] = "0.5%",
    rows: Annotated[
        Path | None,
        typer.Option("--rows", help="File with labelled rows; else the version's own test rows."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Measure what it would be; register nothing.")
    ] = False,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> int:
    """Make a lighter variant of a version: fewer members of an ensemble, fewer trees, nothing trained.

    It is chosen on one half of the version's test rows and judged on the other, registered as a version
    with its parent on record, and gated; `keepwell models promote` lets it serve. The exit code is 1 if
    nothing lighter keeps the loss.
    """
    from keepwell.data.tables import read_table
    from keepwell.operations.lighter import Refusal, consider, lighter_of
    from keepwell.operations.lighter import lighten as make

    share = _share(loss)
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        version = _named(words, workspace)
        table = read_table(str(rows), Path.cwd()) if rows is not None else None
        with watch_build() as listener:
            listener.step_started("lighten", version.key)
            if dry_run:
                looked = consider(
                    workspace.bench, version, max_loss=share, rows=table, progress=listener
                )
                made, evidence = None, None if isinstance(looked, Refusal) else looked.evidence
                refusal = looked if isinstance(looked, Refusal) else None
            else:
                found = make(
                    workspace.bench, version, max_loss=share, rows=table, progress=listener
                )
                refusal = found if isinstance(found, Refusal) else None
                made = None if isinstance(found, Refusal) else found
                evidence = None if made is None else lighter_of(workspace.bench, made)
    _answer(out, version, made, evidence, refusal)
    return 1 if refusal is not None else 0


def _named(words: list[str] | None, workspace: "Workspace") -> "ModelVersion":
    """Return the version that is named; else the champion, or the newest where there is none."""
    model, version = named(words, workspace)
    serving = workspace.registry.resolve(model, "champion")
    return workspace.registry.get(model, version or serving)


def _answer(
    out: Output,
    version: "ModelVersion",
    made: "ModelVersion | None",
    evidence: "Lighter | None",
    refusal: "Refusal | None",
) -> None:
    from keepwell.infrastructure.codec import to_plain
    from keepwell.operations.lighter import told

    document: dict[str, Any] = {
        "parent": version.key,
        "model": None if made is None else made.key,
        "gate": None if made is None or made.gate is None else to_plain(made.gate),
        "evidence": None
        if evidence is None
        else to_plain(evidence)
        | {
            "row_gain": evidence.row_gain,
            "batch_gain": evidence.batch_gain,
            "told": told(evidence),
        },
        "refused": None if refusal is None else {"why": refusal.why, "now": refusal.now},
    }
    out.answer(document, lambda: _tell(out, version, made, evidence, refusal))


def _tell(
    out: Output,
    version: "ModelVersion",
    made: "ModelVersion | None",
    evidence: "Lighter | None",
    refusal: "Refusal | None",
) -> None:
    from keepwell.operations.lighter import told

    if refusal is not None:
        out.say(f"no lighter variant of {version.key}: {refusal.why}", style="bold")
        if refusal.now:
            out.say(f"next  {refusal.now}", style="cyan")
        return
    if evidence is None:
        return
    name = made.key if made is not None else "a lighter variant"
    out.say(f"{name}  {evidence.form}", style="bold")
    heavy, light = evidence.heavy, evidence.light
    out.table(
        ["", version.key, name, ""],
        [
            [
                "one row",
                f"{heavy.row_ms:.3g} ms",
                f"{light.row_ms:.3g} ms",
                _times(evidence.row_gain),
            ],
            [
                f"{heavy.batch:,} rows",
                f"{heavy.batch_ms:.3g} ms",
                f"{light.batch_ms:.3g} ms",
                _times(evidence.batch_gain),
            ],
            [
                "files",
                f"{heavy.bytes / 1e3:,.0f} kB",
                f"{light.bytes / 1e3:,.0f} kB",
                _times(heavy.bytes / light.bytes),
            ],
            [evidence.metric, f"{evidence.before:.4f}", f"{evidence.after:.4f}", ""],
        ],
    )
    out.say(told(evidence, name))
    if made is None:
        out.say("next  the same without --dry-run registers it", style="cyan")
        return
    for check in made.gate.checks if made.gate else ():
        out.say(f"  {'✓' if check.passed else '✗'} {check.name}: {check.detail or check.value}")
    if made.gate is not None and made.gate.passed:
        out.say(f"next  keepwell models promote {made.version}", style="cyan")


def _times(gain: float) -> str:
    return f"{gain:.1f}x"


def _share(words: str) -> float:
    """Return a share as it is written: `0.5%` or `0.005`.

    >>> _share("0.5%"), _share("0.01")
    (0.005, 0.01)
    """
    try:
        number = float(words.removesuffix("%"))
    except ValueError:
        raise UsageError(
            f"'{words}' is no share", why="it is a percentage", now="--loss 0.5%"
        ) from None
    return number / 100 if words.endswith("%") else number
