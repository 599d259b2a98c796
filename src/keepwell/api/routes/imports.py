"""Predictions that devices made while they had no network."""

import json
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from keepwell.api.bodies import read_body
from keepwell.api.documents import ImportCounts
from keepwell.api.door import document, workspace_of
from keepwell.api.routes.feedback import LARGEST_BODY
from keepwell.core.errors import InvalidRequestError, UsageError

router = APIRouter(tags=["predictions"])

DEVICE = "edge"
"""Caller of predictions whose device is not named."""

_FORM = '{"device": "…", "predictions": [{"id": "…", "time": …, "version": …, …}]}'
_LONGEST_NAME = 200
_PREDICTION = {
    "type": "object",
    "required": ["id", "time", "version", "inputs", "prediction"],
    "properties": {
        "id": {"type": "string", "description": "a ULID, stamped with the time of the answer"},
        "time": {"type": "number", "description": "when it was answered: Unix seconds"},
        "version": {"type": "integer", "description": "the model version that answered"},
        "key": {"type": "string", "description": "whom the row is about"},
        "inputs": {"type": "object"},
        "prediction": {"description": "the label or number"},
        "probabilities": {"type": "array", "items": {"type": "number"}},
        "latency_ms": {"type": "number"},
    },
}
_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["predictions"],
                "properties": {
                    "device": {"type": "string"},
                    "predictions": {"type": "array", "items": _PREDICTION},
                },
            },
        }
    },
}


@router.post(
    "/endpoints/{endpoint}/import",
    response_model=ImportCounts,
    openapi_extra={"requestBody": _BODY},
)
async def import_predictions(request: Request, endpoint: str) -> Response:
    """Hand in predictions that a device made by itself; they are durable when this answers.

    Each is kept once, by its id, however often it is handed in. `device` becomes its caller.
    """
    device, predictions = _posted(await read_body(request, LARGEST_BODY))
    workspace = workspace_of(request)

    def take() -> Any:
        found = workspace.endpoints.read(endpoint)
        return workspace.intake.take(found.name, found.model, device, predictions)

    return document(await run_in_threadpool(take))


def _posted(body: bytes) -> tuple[str, list[Any]]:
    try:
        posted = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the body is not JSON: {error}", now=f"send {_FORM}") from error
    found = posted.get("predictions") if isinstance(posted, dict) else None
    if not isinstance(found, list):
        raise InvalidRequestError(
            "'predictions' is missing" if found is None else "'predictions' is not a list",
            why=f"an import is {_FORM}",
            now="put the predictions into a list of that name",
        )
    device = posted.get("device", DEVICE)
    if not isinstance(device, str) or not (
        device.isprintable() and 0 < len(device) <= _LONGEST_NAME
    ):
        raise InvalidRequestError(
            f"'device' is {device!r:.80}",
            why=f"it is a line of at most {_LONGEST_NAME} characters",
            now="name the device, or leave it out",
        )
    return device, found
