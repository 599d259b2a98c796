"""`keepwell features`: what a version is made of, what its steps have learnt, what each column is worth."""

import json
from pathlib import Path
from typing import Annotated, Any

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
from keepwell.core.errors import NotFoundError

app = command_app(shows=True, words=True)

_FILE = "features.json"
_WIDEST = 70
_TRIED = 10  # features that were left, in the table


@app.callback()
def features() -> None:
    """See what a version is made of; hand in what happened without an endpoint being asked."""


@app.command(
    "show",
    epilog=examples(
        "keepwell features", "keepwell features 3", "keepwell features show champion --json"
    ),
)
def show(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL] [VERSION]",
            help="A number or an alias; the project's model and its newest version unless said.",
            show_default=False,
        ),
    ] = None,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Show a version's features: fitted steps, what each column is worth, what was tried and kept."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        model, wanted = named(words, workspace)
        version = workspace.registry.get(model, wanted or None)
        run = workspace.runs.get(version.run)
        if _FILE not in [item.name for item in run.artifacts]:
            raise NotFoundError(
                f"nothing is known about the features of {version.key}",
                why="it was not trained here, or by an earlier version of Keepwell",
                now="keepwell run trains one whose features are recorded",
            )
        found = json.loads(workspace.runs.read(run.id, _FILE))
        importance = version.importance
    out.answer(
        {"model": version.key, **found, "importance": importance},
        lambda: _tell(out, version.key, found, importance),
    )


@app.command(
    "push", epilog=examples("keepwell features push payments-today.csv", "keepwell features push")
)
def push(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE]",
            help="Rows with the columns of `features.windows`; without a file, the training data again.",
            show_default=False,
        ),
    ] = None,
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Hand in rows that no endpoint was asked about, so that windows over earlier rows see them."""
    from keepwell.operations.windows.keeping import push_file, refill

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        if file is None:
            rows, new = refill(workspace.bench)
        else:
            rows, new = push_file(workspace.bench, file, Path.cwd())
    where = file or workspace.spec.data.source
    out.answer(
        {"source": where, "rows": rows, "new": new},
        lambda: out.say(f"{rows:,} rows of {where} read, {new:,} new events kept"),
    )


def _tell(out: Output, key: str, found: dict[str, Any], importance: dict[str, float]) -> None:
    metric = found["metric"]
    out.say(f"features of {key}", style="bold")
    fitted = [
        [name, step["step"], _short(step)]
        for name, steps in found["fitted"].items()
        for step in steps
    ]
    out.table(["column", "step", "learnt"], fitted)
    worth = [
        [item["subject"], importance.get(item["subject"]), *_effect(item)]
        for item in found["columns"]
    ]
    lost = f"{metric} lost without"
    out.table(["column", "importance", lost, "95% interval"], worth)
    if found["steps"]:
        rows = [
            [item["subject"], item["variance_before"], item["variance_after"], *_effect(item)]
            for item in found["steps"]
        ]
        out.table(["step", "variance before", "after", f"{metric} gained", "95% interval"], rows)
    kept = [item for item in found["made"] if item["kept"]]
    left = [item for item in found["made"] if not item["kept"]]
    rows = [
        [
            item["label"],
            "kept" if item["kept"] else "left",
            *_effect({**item, "effect": item["gain"]}),
            item["note"],
        ]
        for item in (*kept, *left[:_TRIED])
    ]
    if rows:
        out.table(["made", "", f"{metric} gained", "95% interval", "why"], rows)
    if len(left) > _TRIED:
        out.say(f"and {len(left) - _TRIED} more that did not pay; --json has them all")


def _effect(item: dict[str, Any]) -> list[Any]:
    if item["effect"] is None:
        return ["not measured", ""]
    ends = [item["low"], item["high"]]
    known = None not in ends
    return [f"{item['effect']:+.3g}", f"{ends[0]:+.3g} to {ends[1]:+.3g}" if known else ""]


def _short(step: dict[str, Any]) -> str:
    text = ", ".join(f"{name}: {_value(value)}" for name, value in step.items() if name != "step")
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return " ".join(map(_value, value))
    return str(value)
