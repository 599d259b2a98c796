"""`keepwell feedback`: what became of earlier predictions, from a file."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

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
from keepwell.core.suggestions import did_you_mean

if TYPE_CHECKING:
    from keepwell.core.records import Signature

app = command_app()

BATCH = 5_000


@app.command(
    epilog=examples(
        "keepwell feedback outcomes.csv",
        "keepwell feedback returns.parquet --by customerID --outcome Churn",
    )
)
def feedback(
    file: Annotated[
        str, typer.Argument(help="CSV, Parquet or JSON Lines, a row for each outcome.")
    ],
    outcome: Annotated[
        str,
        typer.Option(
            help="Column with what turned out to be true; `outcome` or the target unless said.",
            show_default=False,
        ),
    ] = "",
    by: Annotated[
        str,
        typer.Option(
            help="Column that names the prediction: `prediction_id`, or the project's key.",
            show_default=False,
        ),
    ] = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Tell what became of earlier predictions, by their id or by the project's key.

    Outcomes may come at any later time, and a second time: the first counts.
    """
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        spec = workspace.spec
        signature = workspace.registry.get(spec.name).signature
        names, rows = _read(file)
        named = by or _pick(file, names, ("prediction_id", spec.data.key), "by")
        told = outcome or _pick(file, names, ("outcome", spec.data.target), "outcome")
        for option, name in (("by", named), ("outcome", told)):
            if name not in names:
                raise _unknown(file, option, name, names)
        field = "prediction_id" if named == "prediction_id" else "key"
        totals = {"accepted": 0, "unknown": 0, "duplicate": 0}
        for first in range(0, len(rows), BATCH):
            batch = [
                {field: str(row[named]), "outcome": label(row[told], signature)}
                for row in rows[first : first + BATCH]
                if row[named] is not None and row[told] is not None
            ]
            counts = workspace.feedback.record(spec.endpoint, batch)
            for name in totals:
                totals[name] += getattr(counts, name)
    out.answer(totals, lambda: out.facts(totals))


def label(value: Any, signature: "Signature") -> Any:
    """Return an outcome as the model would say it: files hold text where the model has numbers.

    An outcome that the model does not know is left as it is.
    """
    if isinstance(value, str):
        known = {str(item).lower(): item for item in signature.classes}
        if known:
            return known.get(value.strip().lower(), value)
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _read(file: str) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    from pathlib import Path

    import duckdb

    from keepwell.data.sources import open_source

    source = open_source(file, Path.cwd())
    rows: list[dict[str, Any]] = []
    with duckdb.connect(":memory:") as connection:
        for part in source.files:
            table = connection.sql(f"FROM {part.relation()}").to_arrow_table()
            rows += table.rename_columns(list(part.names)).to_pylist()
    return source.names, rows


def _pick(file: str, names: tuple[str, ...], wanted: tuple[str, ...], option: str) -> str:
    found = [name for name in wanted if name and name in names]
    if not found:
        raise _unknown(file, option, wanted[0], names)
    return found[0]


def _unknown(file: str, option: str, name: str, names: tuple[str, ...]) -> UsageError:
    return UsageError(
        f"{file} has no column '{name}'",
        why=f"there are: {', '.join(names[:12])}",
        now=did_you_mean(name, names) or f"say which it is: --{option} {names[0]}",
    )
