"""`keepwell compare`: two versions on the same rows, and in what they were made of."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keepwell.cli.commands.models import named_version
from keepwell.cli.commands.runs import interval
from keepwell.cli.options import HERE, AsJson, ProjectFolder, command_app, examples, open_workspace
from keepwell.cli.output import Output
from keepwell.core.errors import UsageError

if TYPE_CHECKING:
    from keepwell.core.records import ModelVersion
    from keepwell.operations.comparison import VersionComparison
    from keepwell.workspace import Workspace

app = command_app()

_SHOWN = 10
_SHORTEST = 6  # letters of a run's id; fewer may be a version's number


@app.command(
    epilog=examples(
        "keepwell compare 1 2",
        "keepwell compare champion 3 --rows labelled.csv",
        "keepwell compare churn/1 churn/2 --json",
    )
)
def compare(
    first: Annotated[
        str, typer.Argument(help="A version: its number, an alias, MODEL/VERSION, or its run.")
    ],
    second: Annotated[str, typer.Argument(help="The version that is held against it.")],
    rows: Annotated[
        str,
        typer.Option(
            "--rows",
            help="File with labelled rows to measure both on; else rows neither learnt from.",
        ),
    ] = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Compare two versions: metrics on the same rows with what chance explains, and what differs.

    Each difference comes with its own 95% interval by the paired bootstrap; classifiers with McNemar's
    test. Parameters, data, inputs, code, packages and importances that differ are listed.
    """
    from keepwell.data.tables import read_table
    from keepwell.infrastructure.codec import to_plain
    from keepwell.operations.comparison import compare_versions

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        one, other = (_version(word, workspace) for word in (first, second))
        table = read_table(rows, Path.cwd()) if rows else None
        found = compare_versions(workspace.bench, one, other, table)
    out.answer(to_plain(found), lambda: _tell(out, found))


def _version(word: str, workspace: "Workspace") -> "ModelVersion":
    """Return the version that a word names, or that came of the run that it names."""
    if "/" in word:
        return named_version(list(word.rsplit("/", 1)), workspace)
    runs = [
        run
        for run in workspace.runs.find()
        if len(word) >= _SHORTEST and run.id.startswith(word.upper())
    ]
    if len(runs) == 1:
        if not runs[0].model:
            raise UsageError(
                f"run {runs[0].id} led to no version",
                why="what it trained was not registered",
                now="compare runs side by side in the console, under Runs",
            )
        return named_version(list(runs[0].model.rsplit("/", 1)), workspace)
    return named_version([word], workspace)


def _tell(out: Output, found: "VersionComparison") -> None:
    out.say(found.verdict, style="bold")
    if found.metrics:
        out.say(f"measured on {found.rows_from}")
    signs = {"better": "✓ better", "worse": "✗ worse", "unclear": "unclear"}
    table = [
        [
            m.metric,
            m.first.value,
            m.second.value,
            f"{m.difference.value:+.4g}",
            interval(m.difference),
            signs[m.verdict],
        ]
        for m in found.metrics
    ]
    columns = ["metric", found.first, found.second, "difference", "95% interval", "beyond chance"]
    if table:
        out.table(columns, table)
    if found.mcnemar is not None and found.agree is not None:
        test = found.mcnemar
        out.say(
            f"they agree on {found.agree:.1%} of the rows; only {found.first} is right on "
            f"{test.only_first:,}, only {found.second} on {test.only_second:,} "
            f"(McNemar: mid-p {test.mid_p:.3g}, exact {test.exact:.3g})"
        )
    facts = {
        "data": _changed(*found.data),
        "inputs": "; ".join(found.inputs) or "the same",
        "code": _changed(*found.code),
        "packages": ", ".join(found.environment) or "the same",
    }
    out.facts(facts)
    if found.params:
        listed = [[name, str(one), str(other)] for name, (one, other) in found.params.items()]
        out.table(["parameter", found.first, found.second], listed)
    moved = [(n, one, other) for n, (one, other) in found.importance.items() if one != other]
    if moved:
        listed = [[name, f"{one:.1%}", f"{other:.1%}"] for name, one, other in moved[:_SHOWN]]
        out.table(["importance", found.first, found.second], listed)


def _changed(one: str, other: str) -> str:
    return f"the same ({one})" if one == other else f"{one} → {other}"
