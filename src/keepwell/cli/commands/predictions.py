"""`keepwell predictions`: what was asked and answered, found by id, filtered, or asked for in SQL."""

import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keepwell.cli.options import (
    HERE,
    AsJson,
    OfEndpoint,
    ProjectFolder,
    command_app,
    examples,
    open_workspace,
)
from keepwell.cli.output import Output, ago
from keepwell.core.errors import NotFoundError
from keepwell.core.records.prediction import shown

if TYPE_CHECKING:
    from keepwell.core.records import Prediction
    from keepwell.workspace import Workspace

app = command_app(group=True)

_SHOWN = 200
_LIKELY = 12  # classes of a prediction that are shown


@app.callback()
def predictions() -> None:
    """Look into the prediction log: every answered row, with its inputs, its version and its outcome."""


@app.command(
    "list",
    epilog=examples(
        "keepwell predictions",
        "keepwell predictions list --version 3 --limit 5",
        "keepwell predictions list --where plan=monthly --where 'latency_ms>20' --since '2h ago'",
    ),
)
def list_newest(
    version: Annotated[
        int | None, typer.Option(help="Of this model version only.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    where: Annotated[
        list[str] | None,
        typer.Option(
            help="A condition on a column or an input: plan=monthly, tenure>12, outcome!=yes.",
            show_default=False,
        ),
    ] = None,
    text: Annotated[str, typer.Option(help="Stands anywhere in the row.", show_default=False)] = "",
    since: Annotated[str, typer.Option(help="From when on: 2h ago.", show_default=False)] = "",
    until: Annotated[str, typer.Option(help="Until when.", show_default=False)] = "",
    endpoint: OfEndpoint = "",
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """List the newest predictions, or those that match, with how many do."""
    from keepwell.core.moments import moment
    from keepwell.monitoring.prediction_log.searching import Wanted, search

    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        workspace.collector.collect()
        name, now = endpoint or workspace.spec.endpoint, workspace.clock.now()
        wanted = Wanted(
            endpoint=name,
            where=tuple(where or ()),
            text=text,
            since=moment(since, now) if since else None,
            until=moment(until, now) if until else None,
            version=version,
            limit=limit,
        )
        total = None
        if wanted.narrows:
            matching = search(workspace.predictions, wanted)
            found, total = list(matching.predictions), matching.total
        else:
            found = workspace.predictions.recent(name, limit, version)
        documents = _documents(workspace, found)
    rows = [
        [
            d["id"],
            ago(d["time"]),
            str(d["version"]),
            shown(d["prediction"]),
            d["outcome"],
            d["caller"],
        ]
        for d in documents
    ]

    def tell() -> None:
        if rows:
            out.table(["id", "when", "version", "prediction", "outcome", "caller"], rows)
            if total is not None:
                out.say(f"{len(rows):,} of {total:,} that match")
        elif total is not None:
            out.say("nothing in the log matches")
        else:
            out.say("nothing was predicted yet; `keepwell up` prints a request to try")

    answer: dict[str, Any] = {"predictions": documents}
    if total is not None:
        answer["total"] = total
    out.answer(answer, tell)


@app.command("show", epilog=examples("keepwell predictions show 01K…", "… show REQUEST_ID --json"))
def show(
    identifier: Annotated[str, typer.Argument(help="A prediction's id, or a request's.")],
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Show one prediction, or all of one request: inputs, answer, version, latency, caller, trace."""
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        workspace.collector.collect()
        one = workspace.predictions.find(identifier)
        found = [one] if one is not None else workspace.predictions.of_request(identifier)
        if not found:
            raise NotFoundError(
                f"there is no prediction and no request '{identifier}' in the log",
                why="nothing was answered under that id, or it was left out by serve.log",
                now="keepwell predictions lists the newest ones",
            )
        documents = _documents(workspace, found)

    def tell() -> None:
        for document in documents:
            inputs = document.pop("inputs")
            shown = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(document["time"]))
            document["time"] = f"{shown}, {ago(document['time'])}"
            likely = document["probabilities"]
            if isinstance(likely, dict):
                ranked = sorted(likely.items(), key=lambda pair: -pair[1])
                document["probabilities"] = ", ".join(
                    f"{name} {share:.1%}" for name, share in ranked[:_LIKELY]
                )
            out.facts({name: value for name, value in document.items() if value not in ("", [])})
            out.say("  inputs")
            out.facts({f"  {name}": value for name, value in inputs.items()})

    out.answer({"predictions": documents}, tell)


@app.command(
    "query",
    epilog=examples(
        'keepwell predictions query "SELECT version, count(*) AS n FROM predictions GROUP BY 1"',
        "keepwell predictions query \"SELECT inputs->>'tenure' AS tenure FROM predictions LIMIT 3\"",
    ),
)
def query(
    sql: Annotated[str, typer.Argument(help="One SELECT, in DuckDB's SQL.")],
    project: ProjectFolder = HERE,
    as_json: AsJson = False,
) -> None:
    """Ask the log in SQL; read only.

    The tables are `predictions` (a row for each answered row; `inputs` is JSON) and `outcomes`.
    `keepwell data query` sees the datasets too.
    """
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        workspace.collector.collect()
        answer = workspace.predictions.query(sql)
    rows = answer.to_pylist()

    def tell() -> None:
        shown = [[_cell(value) for value in row.values()] for row in rows[:_SHOWN]]
        out.table(answer.column_names, shown)
        if len(rows) > _SHOWN:
            out.say(f"… {len(rows) - _SHOWN:,} more rows; --json prints all")

    out.answer({"columns": answer.column_names, "rows": rows}, tell)


@app.command("trim", epilog=examples("keepwell predictions trim"))
def trim(project: ProjectFolder = HERE, as_json: AsJson = False) -> None:
    """Delete now what `serve.log.retention` and `serve.log.max_size` no longer allow.

    `keepwell up` does it every five minutes.
    """
    out = Output(as_json=as_json)
    with open_workspace(project) as workspace:
        limits = workspace.spec.serve.log
        done = workspace.trimmer.trim()
    document: dict[str, Any] = {
        "predictions": done.predictions if done else 0,
        "outcomes": done.outcomes if done else 0,
        "reason": done.reason if done else "",
    }

    def tell() -> None:
        if done:
            out.say(f"{done.predictions:,} predictions and {done.outcomes:,} outcomes were deleted")
            out.say(f"  {done.reason}")
        elif limits.retention is None and limits.max_bytes is None:
            out.say("the log has no limit; set serve.log.retention or serve.log.max_size")
        else:
            out.say("nothing is beyond the limits")

    out.answer(document, tell)


def _documents(workspace: "Workspace", found: "list[Prediction]") -> list[dict[str, Any]]:
    from keepwell.operations.logged import named_probabilities

    outcomes = workspace.predictions.outcomes([one.id for one in found])
    named = named_probabilities(workspace.registry, found)
    return [
        {
            "id": one.id,
            "time": one.time,
            "endpoint": one.endpoint,
            "model": one.model,
            "version": one.version,
            "role": one.role,
            "request": one.request,
            "trace": one.trace,
            "caller": one.caller,
            "key": one.key,
            "latency_ms": one.latency_ms,
            "prediction": json.loads(one.prediction),
            "probabilities": probabilities,
            "outcome": json.loads(outcomes[one.id].outcome) if one.id in outcomes else None,
            "inputs": json.loads(one.inputs),
        }
        for one, probabilities in zip(found, named, strict=True)
    ]


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
