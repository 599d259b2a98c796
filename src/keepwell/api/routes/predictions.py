"""Answered rows, and what became of them."""

import json
from collections.abc import Sequence

from fastapi import APIRouter
from starlette.responses import Response

from keepwell.api.documents import PredictionDocument, PredictionList
from keepwell.api.door import Limit, Served, document
from keepwell.core.errors import NotFoundError
from keepwell.core.records import Prediction

router = APIRouter(prefix="/api/v1", tags=["predictions"])


@router.get("/endpoints/{endpoint}/predictions", response_model=PredictionList)
def list_predictions(
    workspace: Served, endpoint: str, version: int | None = None, limit: Limit = 50
) -> Response:
    """List the newest predictions of an endpoint, newest first, of one version if asked for."""
    name = workspace.endpoints.read(endpoint).name
    found = workspace.predictions.recent(name, limit, version)
    return document(PredictionList(predictions=_documents(workspace, found)))


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
            outcome=json.loads(outcomes[item.id].outcome) if item.id in outcomes else None,
        )
        for item in found
    ]
