"""Answered rows, and what became of them."""

import json
from collections.abc import Sequence

from fastapi import APIRouter
from starlette.responses import Response

from keepwell.api.documents import (
    AnswerDocument,
    PredictionDocument,
    PredictionList,
    QueryAnswer,
    Question,
)
from keepwell.api.door import Limit, Served, document
from keepwell.core.errors import NotFoundError, UnavailableError
from keepwell.core.records import Prediction

router = APIRouter(prefix="/api/v1", tags=["predictions"])

MOST_ROWS = 10_000
LONGEST_SECONDS = 30.0


_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["instances"],
                "properties": {"instances": {"type": "array", "items": {"type": "object"}}},
            },
            "example": {"instances": [{"tenure": 3, "Contract": "Month-to-month"}]},
        }
    },
}

asking = APIRouter(tags=["predictions"])


@asking.post(
    "/endpoints/{endpoint}/predict",
    response_model=AnswerDocument,
    openapi_extra={"requestBody": _BODY},
)
def predict(endpoint: str) -> Response:
    """Ask an endpoint for predictions, one for each instance.

    Columns that the model does not know are ignored with a warning; missing ones count as missing where
    training saw missing values. The inference workers answer this, in front of the control process.
    """
    raise UnavailableError(
        f"nobody answers predictions of '{endpoint}' here",
        why="this is the control process; the inference workers stand in front of it",
        now="keepwell up, and ask the port that it prints",
    )


@router.get("/endpoints/{endpoint}/predictions", response_model=PredictionList)
def list_predictions(
    workspace: Served, endpoint: str, version: int | None = None, limit: Limit = 50
) -> Response:
    """List the newest predictions of an endpoint, newest first, of one version if asked for."""
    name = workspace.endpoints.read(endpoint).name
    found = workspace.predictions.recent(name, limit, version)
    return document(PredictionList(predictions=_documents(workspace, found)))


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
