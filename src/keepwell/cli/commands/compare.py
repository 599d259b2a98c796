"""`keepwell compare`: versions on the same rows, and whoever else could answer them."""

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
_PAIR = 2
_SHORTEST = 6  # letters of a run's id; fewer may be a version's number


@app.command(
    epilog=examples(
        "keepwell compare 1 2",
        "keepwell compare champion 3 --rows labelled.csv",
        "keepwell compare champion --with model.py --with http://127.0.0.1:9000/predict",
        "keepwell compare 3 --with openai:http://127.0.0.1:8000/v1#llama --max-latency-ms 50",
    )
)
def compare(
    versions: Annotated[
        list[str],
        typer.Argument(
            metavar="VERSION [VERSION]…",
            help="A number, an alias, MODEL/VERSION, or the run it came of.",
        ),
    ],
    rows: Annotated[
        str,
        typer.Option(
            "--rows", help="File with labelled rows to measure on; else rows that none learnt from."
        ),
    ] = "",
    rivals: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            help="model.py with `predict(rows)`, http://… that answers instances, openai:http://…/v1#model.",
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=20, help="Most rows that each is asked, with --with.")
    ] = 200,
    cost: Annotated[
        list[str] | None, typer.Option("--cost", help="Price of a thousand rows: NAME=0.50.")
    ] = None,
    machine_price: Annotated[
        float | None, typer.Option(min=0, help="Price of an hour of this machine.")
    ] = None,
    token_price: Annotated[str, typer.Option(help="Price of a million tokens: IN,OUT.")] = "",
    max_latency_ms: Annotated[
        float | None,
        typer.Option(min=0, help="Pick among those that answer 95 of 100 rows within it."),
    ] = None,
    max_cost: Annotated[
        float | None,
        typer.Option(min=0, help="Pick among those that cost no more for a thousand rows."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Plot of quality, time and cost: an HTML file."),
    ] = None,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Compare two versions in depth; or versions, your own model and services side by side.

    Two versions: each metric on the same unseen rows with its difference and 95% interval, McNemar's
    test, and what differs in what they were made of. With --with, or with one version or more than two,
    everybody answers the same rows one by one: quality, time, cost and effort, who is beaten in all of
    them, the best within your limits, and whether to build, buy or combine.
    """
    from keepwell.data.tables import read_table
    from keepwell.infrastructure.codec import to_plain
    from keepwell.operations.comparison import compare_versions

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        named = [_version(word, workspace) for word in versions]
        table = read_table(rows, Path.cwd()) if rows else None
        if len(named) == _PAIR and not rivals:
            found = compare_versions(workspace.bench, named[0], named[1], table)
            out.answer(to_plain(found), lambda: _tell(out, found))
            return
        from keepwell.cli.contest_report import tell_contest, write_plot
        from keepwell.cli.progress import watch_build
        from keepwell.operations.alternatives.entry import prices_of, run_contest

        with watch_build(quiet=as_json) as listener:
            contest = run_contest(
                workspace.bench,
                named,
                rivals or [],
                table,
                limit=limit,
                prices=prices_of(cost or [], machine_price, token_price),
                max_latency_ms=max_latency_ms,
                max_cost=max_cost,
                progress=listener,
            )
    if output is not None:
        write_plot(output, contest)
    out.answer(to_plain(contest), lambda: tell_contest(out, contest, output))


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
