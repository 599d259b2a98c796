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
_COUNTER = ("counterfactual", "goal", "at_least", "at_most", "immutable")
_KEYS = ("instances", "prediction_ids", "version", "class", "method", *_COUNTER)
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
                    "method": {"enum": ["auto", "exact", "sampled", "shap", "lime"]},
                    "counterfactual": {
                        "type": "boolean",
                        "description": "also say what would have changed the decision",
                    },
                    "goal": {"description": "the class that is wanted; any other unless said"},
                    "at_least": {"type": "number", "description": "the number that is wanted"},
                    "at_most": {"type": "number"},
                    "immutable": {"type": "array", "items": {"type": "string"}},
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
        from keepwell.deployment.explaining.counterfactual import Goal
        from keepwell.operations.explanations import changed_document_of, document_of

        of, explanations = asked.get("class"), workspace.explanations
        method, version = asked.get("method", "auto"), asked.get("version") or 0
        if "prediction_ids" in asked:
            found: Sequence[Any] = explanations.of_predictions(
                asked["prediction_ids"], endpoint=endpoint, of=of, method=method
            )
        else:
            found = explanations.of_rows(
                endpoint, asked["instances"], version=version, of=of, method=method
            )
        documents = [document_of(one) for one in found]
        if not asked.get("counterfactual"):
            return documents
        goal = Goal(label=asked.get("goal"), least=asked.get("at_least"), most=asked.get("at_most"))
        fixed = asked.get("immutable", [])
        if "prediction_ids" in asked:
            changed: Sequence[Any] = explanations.changes_of_predictions(
                asked["prediction_ids"], goal, endpoint=endpoint, fixed=fixed
            )
        else:
            changed = explanations.changes_of_rows(
                endpoint, asked["instances"], goal, version=version, fixed=fixed
            )
        for document, one in zip(documents, changed, strict=True):
            document["counterfactual"] = changed_document_of(one)
        return documents

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
    for name in ("class", "goal"):
        if isinstance(asked.get(name), list | dict):
            raise _unfit(name, "it is one of the model's classes")
    if not isinstance(asked.get("method", ""), str):
        raise _unfit("method", "it is a text, such as exact")
    _check_goal(asked)


def _check_goal(asked: dict[str, Any]) -> None:
    if not isinstance(asked.get("counterfactual", False), bool):
        raise _unfit("counterfactual", "it is true or false")
    for name in _COUNTER[1:]:
        if name in asked and not asked.get("counterfactual"):
            raise _unfit(name, "it is for counterfactuals", 'send "counterfactual": true beside it')
    for name in ("at_least", "at_most"):
        number = asked.get(name)
        if number is not None and (isinstance(number, bool) or not isinstance(number, int | float)):
            raise _unfit(name, "it is a number")
    fixed = asked.get("immutable", [])
    if not isinstance(fixed, list) or not all(isinstance(name, str) for name in fixed):
        raise _unfit("immutable", "it is a list of columns")


def _unfit(name: str, why: str, now: str = "") -> InvalidRequestError:
    return InvalidRequestError(
        f"'{name:.80}' is not what it has to be",
        why=why,
        now=now or f"send {_FORM}",
        details={"field": name},
    )
