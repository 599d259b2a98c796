"""`keepwell data`: the dataset's versions, what is in them, and SQL over all tables."""

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
from keepwell.cli.output import Output, ago
from keepwell.core.errors import UsageError

if TYPE_CHECKING:
    from keepwell.core.records import DatasetVersion
    from keepwell.workspace import Workspace

app = command_app(group=True)

Dataset = Annotated[
    str,
    typer.Option("--name", "-n", help="The dataset; by default the project's.", show_default=False),
]


@app.callback()
def data() -> None:
    """List, show, compare and query the versions of the project's data; pin large files."""


@app.command("list", epilog=examples("keepwell data", "keepwell data list --json"))
def list_datasets(project: ProjectFolder = HERE, as_json: AsJson = False) -> None:
    """List every version of every dataset, newest first."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        datasets = workspace.datasets
        found = [v for name in sorted(datasets.names()) for v in datasets.versions(name)]
    found.sort(key=lambda item: (item.name, -item.version))
    rows = [[v.key, v.rows, len(v.columns), ago(v.created), v.source] for v in found]
    out.answer(
        {"datasets": [_brief(item) for item in found]},
        lambda: out.table(["dataset", "rows", "columns", "loaded", "from"], rows),
    )


@app.command("show", epilog=examples("keepwell data show", "keepwell data show 2 --rows 20"))
def show(
    version: Annotated[
        str, typer.Argument(help="A version; by default the newest.", show_default=False)
    ] = "",
    rows: Annotated[int, typer.Option(min=0, help="How many rows to show.")] = 5,
    name: Dataset = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Show a version: its columns, why they have their types, and its first rows."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        found = _version(workspace, name, version)
        head = workspace.datasets.scan(found).head(rows) if rows else None
    document = {
        **_brief(found),
        "schema": [
            {"name": c.name, "type": c.type.value, "nullable": c.nullable, "reason": c.reason}
            for c in found.columns
        ],
        "head": head.to_pylist() if head is not None else [],
    }

    def tell() -> None:
        out.say(f"dataset {found.key}  {found.rows:,} rows from {found.source}", style="bold")
        columns = [[c.name, c.type.value, c.nullable, c.reason] for c in found.columns]
        out.table(["column", "type", "missing values", "because"], columns)
        if head is not None:
            tell_rows(out, head)

    out.answer(document, tell)


@app.command("diff", epilog=examples("keepwell data diff 1 2", "keepwell data diff v1 v2 --json"))
def diff(
    before: Annotated[str, typer.Argument(help="The older version.")],
    after: Annotated[str, typer.Argument(help="The newer version.")],
    key: Annotated[
        str,
        typer.Option(help="Column that names a row, to tell changed rows.", show_default=False),
    ] = "",
    name: Dataset = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Compare two versions: rows, columns, and what changed in each column."""
    from keepwell.cli.tables.data import tell_diff
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        dataset = name or workspace.spec.dataset
        known = workspace.datasets.get(dataset, number(after))
        named = key or workspace.spec.data.key
        found = workspace.datasets.diff(
            dataset,
            number(before),
            number(after),
            key=named if key or named in [column.name for column in known.columns] else "",
        )
    out.answer(to_plain(found), lambda: tell_diff(out, found))


@app.command("profile", epilog=examples("keepwell data profile", "keepwell data profile 2 --json"))
def profile(
    version: Annotated[
        str, typer.Argument(help="A version; by default the newest.", show_default=False)
    ] = "",
    name: Dataset = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Show each column's statistics: missing, distinct, mean, quantiles, top values."""
    from keepwell.cli.tables.data import tell_profile
    from keepwell.infrastructure.codec import to_plain

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        found = _version(workspace, name, version)
        statistics = workspace.datasets.profile(found)
    document = {"name": found.name, "version": found.version, **to_plain(statistics)}
    out.answer(document, lambda: tell_profile(out, found.key, statistics))


@app.command(
    "query",
    epilog=examples(
        'keepwell data query "SELECT Contract, count(*) FROM churn GROUP BY 1"',
        'keepwell data query "SELECT version, avg(latency_ms) FROM predictions GROUP BY 1" --json',
    ),
)
def query(
    sql: Annotated[
        str, typer.Argument(help="DuckDB's SQL. Tables: the datasets, predictions, outcomes.")
    ],
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Ask the datasets and the prediction log in SQL, together.

    A dataset stands for its newest version. `keepwell predictions query` asks the log alone.
    """
    from keepwell.infrastructure.tables import query as ask

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        answer = ask(sql, tables_of(workspace))
    rows = answer.to_pylist()
    out.answer({"columns": answer.column_names, "rows": rows}, lambda: tell_rows(out, answer))


def tables_of(workspace: "Workspace") -> dict[str, Any]:
    """Return what SQL may be asked about: each dataset's newest version, and the prediction log."""
    datasets = workspace.datasets
    newest = {
        name: datasets.scan(max(datasets.versions(name), key=lambda item: item.version))
        for name in datasets.names()
    }
    workspace.collector.collect()  # what was answered a moment ago is asked about too
    return newest | workspace.predictions.tables()


def tell_rows(out: Output, table: Any) -> None:
    """Print an Arrow table."""
    rows = [list(row.values()) for row in table.to_pylist()]
    out.table(table.column_names, rows)


def number(text: str) -> int:
    """Return the version that `2` or `v2` means."""
    digits = text.lower().removeprefix("v")
    if not digits.isdecimal():
        raise UsageError(
            f"'{text}' is not a version", why="versions are numbers", now="for example 2, or v2"
        )
    return int(digits)


def _version(workspace: "Workspace", name: str, version: str) -> "DatasetVersion":
    return workspace.datasets.get(
        name or workspace.spec.dataset, number(version) if version else None
    )


def _brief(item: "DatasetVersion") -> dict[str, Any]:
    return {
        "name": item.name,
        "version": item.version,
        "rows": item.rows,
        "columns": len(item.columns),
        "source": item.source,
        "created": item.created,
        "digest": item.digest,
    }
