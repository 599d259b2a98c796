"""`keepwell explain ROW|ID`, and `keepwell explain --global`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keepwell.cli.commands.explain.telling import tell_changes, tell_explanation, tell_overview
from keepwell.cli.options import (
    HERE,
    AsJson,
    ProjectFolder,
    command_app,
    examples,
    open_workspace,
)
from keepwell.cli.output import Output
from keepwell.core.errors import UsageError

if TYPE_CHECKING:
    from keepwell.deployment.explaining.counterfactual import Goal
    from keepwell.workspace import Workspace

app = command_app()


@app.command(
    epilog=examples(
        """keepwell explain '{"tenure": 3, "Contract": "One year"}'""",
        "keepwell explain 01KFN3C8Q4T5D8Z7W9R2M1XYZA",
        "keepwell explain 01KFN3C8Q4T5D8Z7W9R2M1XYZA --counterfactual --fixed gender",
        "keepwell explain --global",
    )
)
def explain(
    what: Annotated[
        str,
        typer.Argument(
            metavar="[ROW|ID]",
            help="A row (or a list of rows) as JSON, or the id of a prediction.",
            show_default=False,
        ),
    ] = "",
    whole: Annotated[
        bool, typer.Option("--global", help="What the version goes by on the whole.")
    ] = False,
    counterfactual: Annotated[
        bool, typer.Option("--counterfactual", help="What would have changed the decision.")
    ] = False,
    goal: Annotated[
        str,
        typer.Option("--goal", help="With it: the class that is wanted; any other unless said."),
    ] = "",
    at_least: Annotated[
        float | None, typer.Option("--at-least", help="With it: the least number that is wanted.")
    ] = None,
    at_most: Annotated[
        float | None, typer.Option("--at-most", help="With it: the largest number that is wanted.")
    ] = None,
    fixed: Annotated[
        list[str] | None,
        typer.Option(
            "--fixed",
            help="With it: a column that cannot change; may be repeated.",
            show_default=False,
        ),
    ] = None,
    method: Annotated[
        str, typer.Option("--method", help="auto, exact, sampled, or by extra: shap, lime.")
    ] = "auto",
    of: Annotated[
        str,
        typer.Option("--class", help="Class whose output is explained.", show_default=False),
    ] = "",
    version: Annotated[
        str, typer.Option(help="Number or alias of the model version that explains a row.")
    ] = "champion",
    rows: Annotated[
        Path | None,
        typer.Option(
            "--rows", help="With --global: a file with rows and their outcome, measured anew."
        ),
    ] = None,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Say what each column added to an answer; a past prediction is explained by its version then.

    With --counterfactual: the fewest changes that bring another answer. With --global: what it goes by.
    """
    out = Output(as_json=as_json)
    if whole == bool(what):
        raise UsageError(
            "what is to be explained is not clear",
            why="it is a row, the id of a prediction, or with --global the whole version",
            now="""for example: keepwell explain '{"tenure": 3}', or keepwell explain --global""",
        )
    with open_workspace(project) as workspace:
        if whole:
            _whole(out, workspace, version, rows)
        elif counterfactual or goal or at_least is not None or at_most is not None or fixed:
            from keepwell.deployment.explaining.counterfactual import Goal

            wanted = Goal(label=goal or None, least=at_least, most=at_most)
            _changes(out, workspace, what, version, wanted, fixed or [])
        else:
            _single(out, workspace, what, version, of, method)


def _single(
    out: Output, workspace: "Workspace", what: str, version: str, of: str, method: str
) -> None:
    from keepwell.operations.explanations import document_of

    rows = _rows(what)
    if rows is None:
        found = workspace.explanations.of_predictions([what], of=of or None, method=method)
    else:
        spec = workspace.spec
        number = workspace.registry.get(spec.name, version).version
        found = workspace.explanations.of_rows(
            spec.endpoint, rows, version=number, of=of or None, method=method
        )

    def tell() -> None:
        for place, one in enumerate(found):
            if place:
                out.say()
            tell_explanation(out, one)

    out.answer({"explanations": [document_of(one) for one in found]}, tell)


def _changes(
    out: Output, workspace: "Workspace", what: str, version: str, goal: "Goal", fixed: list[str]
) -> None:
    from keepwell.operations.explanations import changed_document_of

    rows = _rows(what)
    explanations, spec = workspace.explanations, workspace.spec
    if rows is None:
        found = explanations.changes_of_predictions([what], goal, fixed=fixed)
    else:
        number = workspace.registry.get(spec.name, version).version
        found = explanations.changes_of_rows(spec.endpoint, rows, goal, version=number, fixed=fixed)

    def tell() -> None:
        for place, one in enumerate(found):
            if place:
                out.say()
            tell_changes(out, one)

    out.answer({"counterfactuals": [changed_document_of(one) for one in found]}, tell)


def _whole(out: Output, workspace: "Workspace", version: str, rows: Path | None) -> None:
    from keepwell.data.tables import read_table
    from keepwell.infrastructure.codec import to_plain
    from keepwell.operations.insight.overall import make_overview, overview_of

    bench = workspace.bench
    found = workspace.registry.get(workspace.spec.name, version)
    kept = overview_of(bench, found) if rows is None else None
    if kept is None:
        table = read_table(str(rows), Path.cwd()) if rows is not None else None
        kept = make_overview(bench, found, table)
    overview = kept
    document = {"model": found.key, **to_plain(overview)}
    out.answer(document, lambda: tell_overview(out, found, overview))


def _rows(what: str) -> list[dict[str, Any]] | None:
    """Return the rows that the argument holds; None if it is an id."""
    if what.lstrip()[:1] not in ("{", "["):
        return None
    try:
        parsed = json.loads(what)
    except ValueError as error:
        raise UsageError(
            "the row is not JSON",
            why=str(error),
            now="""for example '{"tenure": 3}', in single quotes""",
        ) from None
    rows = parsed if isinstance(parsed, list) else [parsed]
    if not all(isinstance(row, dict) for row in rows):
        raise UsageError(
            "a row is not an object",
            why="a row is {column: value}",
            now="""try '[{"tenure": 3}]'""",
        )
    return rows
