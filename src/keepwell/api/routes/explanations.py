"""Why an endpoint answers what it answers."""

import json
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from keepwell.api.bodies import read_body, read_object
from keepwell.api.documents import ExplanationList
from keepwell.api.door import workspace_of
from keepwell.core.errors import InvalidRequestError
from keepwell.core.suggestions import did_you_mean

router = APIRouter(tags=["predictions"])

LARGEST_BODY = 10 << 20

_FORM = '{"instances": [{"column": value, …}]} or {"prediction_ids": ["…"]}'
_KEYS = ("instances", "prediction_ids", "version", "class")
_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {
                    "instances": {"type": "array", "items": {"type": "object"}},
                    "prediction_ids": {"type": "array", "items": {"type": "string"}},
                    "version": {"type": "integer", "description": "the champion unless said"},
                    "class": {"description": "the class to explain"},
                },
            },
            "example": {"prediction_ids": ["01KFN3C8Q4T5D8Z7W9R2M1XYZA"]},
        }
    },
}


@router.post(
    "/endpoints/{endpoint}/explain",
    response_model=ExplanationList,
    openapi_extra={"requestBody": _BODY},
)
async def explain(request: Request, endpoint: str) -> Response:
    """Explain rows, or past predictions by the version that answered then: what each column added.

    Contributions and base add up to the model's own output: log-odds of the second of two classes, the
    score of the predicted one of several, or the number. Nothing is logged as a prediction.
    """
    asked = read_object(await read_body(request, LARGEST_BODY), _FORM)
    _check(asked)
    workspace = workspace_of(request)

    def answer() -> list[dict[str, Any]]:
        from keepwell.operations.explanations import document_of

        of, explanations = asked.get("class"), workspace.explanations
        if "prediction_ids" in asked:
            found: Sequence[Any] = explanations.of_predictions(
                asked["prediction_ids"], endpoint=endpoint, of=of
            )
        else:
            found = explanations.of_rows(
                endpoint, asked["instances"], version=asked.get("version") or 0, of=of
            )
        return [document_of(one) for one in found]

    body = json.dumps({"explanations": await run_in_threadpool(answer)}, ensure_ascii=False)
    return Response(body.encode("utf-8", "replace"), media_type="application/json")


def _check(asked: dict[str, Any]) -> None:
    strange = next((name for name in asked if name not in _KEYS), None)
    if strange is not None:
        raise _unfit(strange, f"a request is {_FORM}", did_you_mean(strange, _KEYS))
    if ("instances" in asked) == ("prediction_ids" in asked):
        raise _unfit("instances", f"a request has either instances or prediction_ids: {_FORM}")
    for name, kind, form in (("instances", dict, "objects"), ("prediction_ids", str, "texts")):
        rows = asked.get(name, [])
        if not isinstance(rows, list) or not all(isinstance(row, kind) for row in rows):
            raise _unfit(name, f"it is a list of {form}")
    version = asked.get("version")
    if version is not None and (type(version) is not int or not 0 < version < 1 << 31):
        raise _unfit("version", "it is the number of a version")
    if version is not None and "prediction_ids" in asked:
        raise _unfit("version", "a past prediction is explained by the version that answered it")
    if isinstance(asked.get("class"), list | dict):
        raise _unfit("class", "it is one of the model's classes")


def _unfit(name: str, why: str, now: str = "") -> InvalidRequestError:
    return InvalidRequestError(
        f"'{name:.80}' is not what it has to be",
        why=why,
        now=now or f"send {_FORM}",
        details={"field": name},
    )
