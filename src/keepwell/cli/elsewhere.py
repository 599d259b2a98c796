"""`keepwell monitor register` and `import`: models that are served elsewhere."""

from pathlib import Path
from typing import Annotated, Any

import typer

from keepwell.cli.options import HERE, AsJson, ProjectFolder, open_workspace
from keepwell.cli.output import Output, text

_COLUMN = {"metavar": "COLUMN", "show_default": False}


def register(
    name: Annotated[str, typer.Argument(help="What the model is called; so is its endpoint.")],
    reference: Annotated[
        Path,
        typer.Option(
            "--reference",
            metavar="FILE",
            help="Rows that it has answered when all was well: CSV, Parquet or JSON Lines.",
        ),
    ],
    prediction: Annotated[
        str,
        typer.Option("--prediction", metavar="COLUMN", help="Column with what the model said."),
    ],
    target: Annotated[
        str, typer.Option("--target", help="Column with what turned out to be true.", **_COLUMN)
    ] = "",
    score: Annotated[
        str,
        typer.Option("--score", help="Column with the probability of the second class.", **_COLUMN),
    ] = "",
    time: Annotated[
        str,
        typer.Option("--time", help="Column with when: its seasons are no alarm.", **_COLUMN),
    ] = "",
    drop: Annotated[
        list[str] | None,
        typer.Option("--drop", help="A column that is no input: an id.", **_COLUMN),
    ] = None,
    label: Annotated[
        str,
        typer.Option(
            "--as", help="What this version is called where it is served.", show_default=False
        ),
    ] = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Register a model that is served elsewhere, so that it is watched like any other.

    No artifact is needed: what it takes and what is normal is told by the reference. Registered again, it has
    a new version.
    """
    from keepwell.operations.elsewhere import register_elsewhere
    from keepwell.operations.elsewhere.files import read_table
    from keepwell.operations.elsewhere.registering import Reference

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        rows = read_table(reference, workspace.home / "staging")
        version = register_elsewhere(
            workspace.bench,
            name,
            Reference(
                rows=rows,
                prediction=prediction,
                target=target,
                score=score,
                time=time,
                without=tuple(drop or ()),
            ),
            label=label,
        )
    signature = version.signature
    document = {
        "endpoint": name,
        "version": version.version,
        "task": signature.task.value,
        "classes": list(signature.classes),
        "inputs": [field.name for field in signature.inputs],
        "rows": rows.num_rows,
        "metrics": {name: found.value for name, found in version.metrics.items()},
    }

    def tell() -> None:
        out.say(f"{version.key}  is served elsewhere, and watched here", style="bold")
        promised = version.metrics.get(version.metric)
        out.facts(
            {
                "task": signature.task.value
                + (f": {', '.join(map(str, signature.classes[:8]))}" if signature.classes else ""),
                "inputs": ", ".join(document["inputs"]),
                "reference": f"{rows.num_rows:,} rows",
                version.metric: None if promised is None else text(promised.value),
            }
        )
        out.say(f"next  keepwell monitor import FILE --endpoint {name}", style="cyan")

    out.answer(document, tell)


def import_predictions(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, Parquet or JSON Lines.")],
    endpoint: Annotated[
        str, typer.Option("--endpoint", "-e", metavar="NAME", help="What it is registered as.")
    ],
    time: Annotated[
        str, typer.Option("--time", help="When each was made; now unless said.", **_COLUMN)
    ] = "",
    prediction: Annotated[
        str, typer.Option("--prediction", help="What the model said.", **_COLUMN)
    ] = "",
    outcome: Annotated[
        str, typer.Option("--outcome", help="What turned out to be true, if known.", **_COLUMN)
    ] = "",
    id: Annotated[
        str, typer.Option("--id", help="Your name for each; by file and place else.", **_COLUMN)
    ] = "",
    key: Annotated[str, typer.Option("--key", help="Whom each is about.", **_COLUMN)] = "",
    version: Annotated[
        str, typer.Option("--version", help="Number or name of the version.", **_COLUMN)
    ] = "",
    score: Annotated[
        str, typer.Option("--score", help="Probability of the second class.", **_COLUMN)
    ] = "",
    latency: Annotated[
        str, typer.Option("--latency-ms", help="Milliseconds that the answer took.", **_COLUMN)
    ] = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Take in predictions of a model that is served elsewhere; the same file a second time adds nothing.

    Columns that are called as their option need not be named. Rows that cannot be used are left out,
    and told.
    """
    from keepwell.monitoring.elsewhere.sheets import Columns
    from keepwell.operations.elsewhere.files import import_file

    out = Output(as_json=as_json)
    columns = Columns(
        prediction=prediction, time=time, outcome=outcome, id=id, key=key, version=version,
        score=score, latency_ms=latency,
    )  # fmt: skip
    with open_workspace(project) as workspace:
        found = workspace.endpoints.read(endpoint)
        signature = workspace.registry.get(found.model, found.champion).signature
        done = import_file(
            file,
            found,
            workspace.elsewhere,
            columns,
            inputs=tuple(field.name for field in signature.inputs),
            temp=workspace.home / "staging",
            caller="monitor import",
        )
    document: dict[str, Any] = {
        "endpoint": endpoint,
        "rows": done.rows,
        "accepted": done.accepted,
        "duplicate": done.duplicate,
        "outcomes": done.outcomes,
        "rejected": done.rejected,
        "reasons": [{"row": one.index + 1, "why": one.why} for one in done.reasons],
    }

    def tell() -> None:
        out.facts({name: document[name] for name in ("accepted", "duplicate", "outcomes")})
        for one in done.reasons[:5]:
            out.say(f"! row {one.index + 1:,} is left out: {one.why}", style="yellow")
        if done.rejected > 5:  # noqa: PLR2004 (as many as are shown)
            out.say(f"  {done.rejected:,} rows are left out; --json tells more")
        out.say(f"next  keepwell monitor --endpoint {endpoint}", style="cyan")

    out.answer(document, tell)
