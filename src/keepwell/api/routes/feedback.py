"""What turned out to be true, posted back."""

import json
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from keepwell.api.bodies import read_body
from keepwell.api.documents import FeedbackCounts
from keepwell.api.door import document, workspace_of
from keepwell.core.errors import InvalidRequestError, UsageError
from keepwell.core.events import acting_as

router = APIRouter(tags=["predictions"])

LARGEST_BODY = 32 << 20
"""Bytes of one post: some 400,000 outcomes."""

_FORM = '{"outcomes": [{"prediction_id": "…", "outcome": …}]}'


_OUTCOME = {
    "type": "object",
    "required": ["outcome"],
    "properties": {
        "prediction_id": {"type": "string", "description": "the prediction that it belongs to"},
        "key": {"type": "string", "description": "or the key, whose latest prediction is meant"},
        "outcome": {"description": "the true label or number"},
        "time": {"description": "when it became true: Unix seconds or ISO 8601"},
    },
}
_EXAMPLE = {"outcomes": [{"prediction_id": "01KFN3C8Q4T5D8Z7W9R2M1XYZA", "outcome": "Yes"}]}
_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["outcomes"],
                "properties": {"outcomes": {"type": "array", "items": _OUTCOME}},
            },
            "example": _EXAMPLE,
        }
    },
}


@router.post(
    "/endpoints/{endpoint}/feedback",
    response_model=FeedbackCounts,
    openapi_extra={"requestBody": _BODY},
)
async def post_feedback(request: Request, endpoint: str) -> Response:
    """Post outcomes, today or in a month; they are durable when this answers.

    The first outcome of a prediction counts, a later one is counted as duplicate. `unknown` are those
    whose prediction this endpoint never made.
    """
    outcomes = _outcomes(await read_body(request, LARGEST_BODY))
    workspace = workspace_of(request)

    def record() -> Any:
        with acting_as("api"):
            return workspace.feedback.record(workspace.endpoints.read(endpoint).name, outcomes)

    return document(await run_in_threadpool(record))


def _outcomes(body: bytes) -> list[Any]:
    try:
        posted = json.loads(body)
    except ValueError as error:
        raise UsageError(f"the body is not JSON: {error}", now=f"send {_FORM}") from error
    found = posted.get("outcomes") if isinstance(posted, dict) else None
    if not isinstance(found, list):
        raise InvalidRequestError(
            "'outcomes' is missing" if found is None else "'outcomes' is not a list",
            why=f"feedback is {_FORM}",
            now="put the outcomes into a list of that name",
        )
    return found
