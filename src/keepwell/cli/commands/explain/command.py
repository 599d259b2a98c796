"""`keepwell explain ROW|ID`."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keepwell.cli.commands.explain.bars import bar
from keepwell.cli.options import (
    HERE,
    AsJson,
    ProjectFolder,
    command_app,
    examples,
    open_workspace,
)
from keepwell.cli.output import Output, text
from keepwell.core.errors import UsageError

if TYPE_CHECKING:
    from keepwell.operations.explanations import Explained

app = command_app()

SHOWN = 12
_WIDTH = 24
_SCALES = {
    "log-odds": "log-odds of {0}",
    "score": "score of {0}",
    "probability": "probability of {0}",
    "value": "predicted value",
}


@app.command(
    epilog=examples(
        """keepwell explain '{"tenure": 3, "Contract": "One year"}'""",
        "keepwell explain 01KFN3C8Q4T5D8Z7W9R2M1XYZA",
    )
)
def explain(
    what: Annotated[
        str,
        typer.Argument(
            metavar="ROW|ID", help="A row (or a list of rows) as JSON, or the id of a prediction."
        ),
    ],
    of: Annotated[
        str,
        typer.Option("--class", help="Class whose output is explained.", show_default=False),
    ] = "",
    version: Annotated[
        str, typer.Option(help="Number or alias of the model version that explains a row.")
    ] = "champion",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Say what each column added to an answer; a past prediction is explained by its version then."""
    from keepwell.operations.explanations import document_of

    out = Output(as_json=as_json)
    rows = _rows(what)
    with open_workspace(project) as workspace:
        if rows is None:
            found = workspace.explanations.of_predictions([what], of=of or None)
        else:
            spec = workspace.spec
            number = workspace.registry.get(spec.name, version).version
            found = workspace.explanations.of_rows(
                spec.endpoint, rows, version=number, of=of or None
            )
    documents = [document_of(one) for one in found]

    def tell() -> None:
        for place, one in enumerate(found):
            if place:
                out.say()
            _tell(out, one)

    out.answer({"explanations": documents}, tell)


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


def _tell(out: Output, explained: "Explained") -> None:
    said = explained.explanation
    likely = "" if said.probability is None else f"  ({said.explained} {said.probability:.1%})"
    out.say(f"{text(said.prediction)}{likely}  by {explained.version.key}", style="bold")
    for reason in said.reasons:
        out.say(f"  {reason}")
    largest = max((abs(one.contribution) for one in said.contributions), default=0.0)
    shown = said.contributions[:SHOWN]
    names = [f"{one.column} = {text(one.value)}"[:40] for one in shown]
    width = max(map(len, names), default=0)
    out.say()
    for name, one in zip(names, shown, strict=True):
        error = "" if one.standard_error is None else f" ± {one.standard_error:.2g}"
        drawn = bar(one.contribution, largest, _WIDTH)
        out.say(f"  {name:<{width}}  {drawn}  {one.contribution:+.4g}{error}")
    rest = said.contributions[SHOWN:]
    if rest:
        out.say(f"  {len(rest)} more columns: {sum(one.contribution for one in rest):+.4g}")
    scale = _SCALES[said.scale].format(said.explained if said.explained is not None else "it")
    out.say(f"  {said.base:.4g} for the typical row, {said.output:.4g} for this one: {scale}")
    if not said.exact:
        out.say(f"  sampled by {said.samples} walks; ± is the standard error")
    for warning in said.warnings:
        out.note(f"! {warning}")
