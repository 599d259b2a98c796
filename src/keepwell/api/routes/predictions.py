"""Answered rows, and what became of them."""

import json
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from keepwell.api.documents import (
    PredictionDocument,
    PredictionList,
    QueryAnswer,
    Question,
)
from keepwell.api.door import Limit, Served, document
from keepwell.core.errors import NotFoundError
from keepwell.core.moments import moment
from keepwell.core.records import Prediction
from keepwell.monitoring.prediction_log.searching import Wanted, search

router = APIRouter(prefix="/api/v1", tags=["predictions"])

MOST_ROWS = 10_000
LONGEST_SECONDS = 30.0


@router.get("/endpoints/{endpoint}/predictions", response_model=PredictionList)
def list_predictions(  # noqa: PLR0913, PLR0917 (each is a parameter of the request)
    workspace: Served,
    endpoint: str,
    version: int | None = None,
    limit: Limit = 50,
    where: Annotated[list[str] | None, Query(description="plan=monthly, tenure>12")] = None,
    text: Annotated[str, Query(description="Stands anywhere in the row.")] = "",
    since: Annotated[str, Query(description="Unix seconds, ISO 8601, or `2h ago`.")] = "",
    until: str = "",
) -> Response:
    """List the newest predictions of an endpoint, newest first, or those that match, with how many do."""
    name, now = workspace.endpoints.read(endpoint).name, workspace.clock.now()
    wanted = Wanted(
        endpoint=name,
        where=tuple(where or ()),
        text=text,
        since=moment(since, now) if since else None,
        until=moment(until, now) if until else None,
        version=version,
        limit=limit,
    )
    if not wanted.narrows:
        found = workspace.predictions.recent(name, limit, version)
        return document(PredictionList(predictions=_documents(workspace, found)))
    workspace.collector.collect()
    matching = search(workspace.predictions, wanted)
    documents = _documents(workspace, matching.predictions)
    return document(PredictionList(predictions=documents, total=matching.total))


@router.get("/requests/{request}", response_model=PredictionList)
def read_request(workspace: Served, request: str) -> Response:
    """Read all predictions of one request, by its id (`x-request-id` of its answer)."""
    found = workspace.predictions.of_request(request)
    if not found:
        workspace.collector.collect()
        found = workspace.predictions.of_request(request)
    if not found:
        raise NotFoundError(
            f"there is no request '{request}' in the prediction log",
            why="nothing was answered under that id, or it was left out by serve.log",
            now="take the id from the header x-request-id of an answer",
        )
    return document(PredictionList(predictions=_documents(workspace, found)))


@router.post("/predictions/query", response_model=QueryAnswer)
def query_predictions(workspace: Served, question: Question) -> Response:
    """Ask the log in SQL (DuckDB's, read only): the tables are `predictions` and `outcomes`.

    At most 10,000 rows come back, after at most 30 seconds; `truncated` says whether there are more.
    """
    workspace.collector.collect()
    answer = workspace.predictions.query(question.sql, most=MOST_ROWS + 1, seconds=LONGEST_SECONDS)
    return document(
        QueryAnswer(
            columns=answer.column_names,
            rows=[list(row.values()) for row in answer.slice(0, MOST_ROWS).to_pylist()],
            truncated=answer.num_rows > MOST_ROWS,
        )
    )


@router.get("/predictions/{prediction}", response_model=PredictionDocument)
def read_prediction(workspace: Served, prediction: str) -> Response:
    """Read one prediction by its id: inputs, answer, version, time, caller, outcome."""
    found = workspace.predictions.find(prediction)
    if found is None:
        workspace.collector.collect()
        found = workspace.predictions.find(prediction)
    if found is None:
        raise NotFoundError(
            f"there is no prediction '{prediction}'",
            why="no endpoint of this workspace answered with that id",
            now="take an id from `prediction_ids` of an answer",
        )
    return document(_documents(workspace, [found])[0])


def _documents(workspace: Served, found: Sequence[Prediction]) -> list[PredictionDocument]:
    outcomes = workspace.predictions.outcomes([item.id for item in found])
    return [
        PredictionDocument(
            id=item.id,
            time=item.time,
            endpoint=item.endpoint,
            model=item.model,
            version=item.version,
            role=item.role,
            request=item.request,
            key=item.key,
            inputs=json.loads(item.inputs),
            prediction=json.loads(item.prediction),
            probabilities=list(item.probabilities),
            latency_ms=item.latency_ms,
            caller=item.caller,
            trace=item.trace,
            outcome=json.loads(outcomes[item.id].outcome) if item.id in outcomes else None,
        )
        for item in found
    ]
