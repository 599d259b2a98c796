"""`keepwell init`: from a table to a project."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from keepwell.cli.options import AsJson, command_app, examples
from keepwell.cli.output import Output
from keepwell.cli.project_types import EXAMPLES, check_type, choose, features_of
from keepwell.core.errors import ConflictError, UsageError
from keepwell.core.spec import DataSpec, ProjectSpec
from keepwell.workspace import PROJECT_FILE

app = command_app()


@app.command(
    epilog=examples(
        "keepwell init churn --data telco.csv --target Churn",
        "keepwell init --data 'sales/*.parquet' --target sold --time day",
        "keepwell init prices --template house-prices",
        "keepwell init churn --type automl --data telco.csv --target Churn",
    )
)
def init(
    data: Annotated[
        str,
        typer.Option(
            help="File, folder or glob: CSV, Parquet, JSON Lines, also .gz and .zst.",
            show_default=False,
        ),
    ] = "",
    target: Annotated[
        str,
        typer.Option(
            help="The column to predict; without one, data is only kept and checked.",
            show_default=False,
        ),
    ] = "",
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="[DIR]",
            help="Where the project goes; made if it is not there.",
            show_default=False,
        ),
    ] = Path(),
    key: Annotated[
        str,
        typer.Option(
            help="Column that identifies a row; found by itself where there is one.",
            show_default=False,
        ),
    ] = "",
    time: Annotated[
        str,
        typer.Option(
            help="Column with the event's time; found by itself where there is one.",
            show_default=False,
        ),
    ] = "",
    name: Annotated[
        str,
        typer.Option(
            help="Name of the project and its endpoint; by default the folder's.",
            show_default=False,
        ),
    ] = "",
    template: Annotated[
        str,
        typer.Option(
            help="Start from a whole project instead, with data: keepwell init --templates lists them.",
            show_default=False,
        ),
    ] = "",
    kind: Annotated[
        str,
        typer.Option(
            "--type",
            metavar="TYPE",
            help="classical: one model that can be read; deep: neural networks; automl: all that there is.",
            show_default=False,
        ),
    ] = "",
    model: Annotated[
        str,
        typer.Option(
            help="With --type deep: folder or weights of a pretrained model to start from.",
            show_default=False,
        ),
    ] = "",
    templates: Annotated[
        bool, typer.Option("--templates", help="List the templates and do nothing else.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the project file that is there.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look at a table and write a project file for it, or start from a template.

    Says what it took each column for, and why. Types, key and time can be changed in the file.
    """
    from keepwell.cli.first_look import look_at, project_name

    out = Output(as_json=as_json)
    if templates:
        _list_templates(out)
        return
    check_type(kind, model)
    if kind and not data and not template:
        template = EXAMPLES[kind]
    if template:
        _check_alone(template, {"--data": data, "--target": target, "--key": key, "--time": time})
        typed = (kind, seen_from(folder.resolve(), model) if model else "")
        _from_template(out, template, folder, name, typed, overwrite=overwrite)
        return
    if not data:
        raise UsageError(
            "init needs data to look at",
            why="a project starts from a table of yours, or from a template",
            now="keepwell init --data FILE --target COLUMN, or keepwell init --templates",
        )
    root = folder.resolve()
    file = root / PROJECT_FILE
    if file.exists() and not overwrite:
        raise ConflictError(
            f"{file} is there already",
            why="init never writes over a project",
            now="edit it, choose another folder, or say --overwrite",
        )
    look = look_at(data, Path.cwd(), target=target, key=key, time=time)
    spec = ProjectSpec(
        name=name or project_name(root),
        root=root,
        data=DataSpec(source=seen_from(root, data), target=target, key=look.key, time=look.time),
    )
    notes: tuple[str, ...] = ()
    if kind:
        found = {column.name: column.type for column in look.columns}
        at = seen_from(root, model) if model else ""
        chosen = choose(kind, features_of(spec, found), spec.train, at)
        spec, notes = replace(spec, train=chosen.train), chosen.notes
    _write(file, spec, notes)
    document = {
        "project": spec.name,
        "folder": str(root),
        "file": str(file),
        "source": spec.data.source,
        "target": target or None,
        "key": look.key or None,
        "time": look.time or None,
        "type": kind or None,
        "notes": list(notes),
        "columns": [
            {
                "name": column.name,
                "type": column.type.value,
                "nullable": column.nullable,
                "role": look.role(column.name),
                "reason": column.reason,
            }
            for column in look.columns
        ],
    }
    out.answer(document, lambda: _tell(out, document, folder))


def _list_templates(out: Output) -> None:
    from keepwell.cli.templates.catalog import NAMES, template

    found = [template(name) for name in NAMES]
    out.answer(
        [{"name": item.name, "title": item.title, "mode": item.mode} for item in found],
        lambda: _show_templates(out, [[item.name, item.mode, item.title] for item in found]),
    )


def _show_templates(out: Output, rows: list[list[str]]) -> None:
    out.table(["template", "deployed", "what it finds out"], rows)
    out.say(f"next     keepwell init DIR --template {rows[0][0]}", style="cyan")


def _check_alone(template: str, others: dict[str, str]) -> None:
    given = [option for option, value in others.items() if value]
    if given:
        raise UsageError(
            f"--template {template} and {given[0]} do not go together",
            why="a template brings its own data, and knows what to predict in it",
            now=f"leave out {' and '.join(given)}, or leave out --template",
        )


def _from_template(
    out: Output, wanted: str, folder: Path, name: str, typed: tuple[str, str], *, overwrite: bool
) -> None:
    from keepwell.cli.first_look import project_name
    from keepwell.cli.templates.catalog import template
    from keepwell.cli.templates.writing import write_template

    chosen, root = template(wanted), folder.resolve()
    fallback = chosen.name if folder == Path() else project_name(root)
    spec, notes = write_template(chosen, root, name or fallback, *typed, overwrite=overwrite)
    document = {
        "project": spec.name,
        "folder": str(root),
        "file": str(root / PROJECT_FILE),
        "template": chosen.name,
        "mode": chosen.mode,
        "source": spec.data.source,
        "target": spec.data.target or None,
        "type": typed[0] or None,
        "notes": list(notes),
    }

    def tell() -> None:
        out.say(f"project  {spec.name}: {chosen.title}", style="bold")
        out.say(f"data     {chosen.origin}")
        _say_notes(out, notes)
        out.say(f"steps    {folder / 'README.md'} walks through all seven, from data to monitoring")
        change = "" if folder == Path() else f"cd {folder} && "
        out.say(f"next     {change}keepwell run", style="cyan")

    out.answer(document, tell)


def seen_from(root: Path, data: str) -> str:
    """Return the location as the project file must say it: relative ones start from its folder."""
    if "://" in data or Path(data).is_absolute() or data.startswith("~"):
        return data
    return Path(os.path.relpath(data, root)).as_posix()


def _write(file: Path, spec: ProjectSpec, notes: tuple[str, ...]) -> None:
    from keepwell.infrastructure.files import write_atomic
    from keepwell.infrastructure.project_file import load_project, render_project

    known = file.exists()
    write_atomic(file, render_project(spec, notes).encode())
    try:
        load_project(file)
    except UsageError:
        if not known:
            file.unlink()
        raise


def _say_notes(out: Output, notes: Sequence[str]) -> None:
    if notes:
        out.say(f"type     {' '.join(notes).removeprefix('Type: ')}")


def _tell(out: Output, document: dict[str, Any], folder: Path) -> None:
    rows = [
        [item["name"], item["type"], item["role"], item["reason"]] for item in document["columns"]
    ]
    shown, more = rows[:40], len(rows) - 40
    out.table(["column", "type", "role", "because"], shown)
    if more > 0:
        out.say(f"… and {more:,} more columns")
    out.say(f"project  {document['project']}", style="bold")
    out.say(f"file     {document['file']}")
    _say_notes(out, document["notes"])
    change = "" if folder == Path() else f"cd {folder} && "
    if document["target"]:
        out.say(f"next     {change}keepwell run && keepwell up", style="cyan")
    else:
        out.say(
            f"next     {change}keepwell run    keeps and checks the data; name a target to train",
            style="cyan",
        )
