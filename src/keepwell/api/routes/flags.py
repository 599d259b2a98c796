"""Flags: what is switched at an endpoint, and the same in OpenFeature's protocol (OFREP)."""

import hashlib
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from keepwell.api.door import Served, document
from keepwell.core.events import acting_as
from keepwell.core.records import Endpoint, Flags
from keepwell.deployment.flags.evaluation import (
    Evaluation,
    EvaluationError,
    evaluate,
    flag_keys,
)
from keepwell.infrastructure.codec import to_json

router = APIRouter(tags=["flags"])


class FlagsWish(BaseModel):
    """What is to be switched; what is not said stays as it is."""

    model_config = ConfigDict(extra="forbid")

    killed: bool | None = None
    rules: list[str] | None = Field(None, description="country == 'DE' -> v7, tried in order.")
    fallback: list[str] | None = Field(
        None, description="previous, v3, a rule, a constant in JSON."
    )
    limit_ms: float | None = Field(None, ge=0, description="0 takes the limit away.")
    why: str = "by request"


class Context(BaseModel):
    """Whom a flag is evaluated for."""

    context: dict[str, Any] = Field(default_factory=dict)


class EvaluationList(BaseModel):
    """Every flag for one context."""

    flags: list[dict[str, Any]]


@router.get("/api/v1/endpoints/{endpoint}/flags", response_model=Flags)
def read_flags(workspace: Served, endpoint: str) -> Response:
    """Read what is switched at an endpoint: kill switch, rules, fallback, time limit."""
    return document(workspace.switchboard.read(endpoint))


@router.patch("/api/v1/endpoints/{endpoint}/flags", response_model=Flags)
def switch_flags(workspace: Served, endpoint: str, wish: FlagsWish) -> Response:
    """Switch flags; workers follow at once, and every flip is an event."""
    board = workspace.switchboard
    with acting_as("api"):
        if wish.rules is not None:
            board.route(endpoint, wish.rules, wish.why)
        if wish.fallback is not None or wish.limit_ms is not None:
            present = board.read(endpoint)
            chain = present.fallback if wish.fallback is None else wish.fallback
            limit = present.limit_ms if wish.limit_ms is None else (wish.limit_ms or None)
            board.fall_back(endpoint, chain, wish.why, limit_ms=limit)
        if wish.killed is not None:
            switch = board.kill if wish.killed else board.revive
            switch(endpoint, wish.why)
    return document(board.read(endpoint))


@router.post("/ofrep/v1/evaluate/flags/{key}", response_model=Evaluation)
def evaluate_flag(workspace: Served, key: str, asked: Context) -> Response:
    """Evaluate one flag for a context (OpenFeature Remote Evaluation Protocol)."""
    return _answer(key, _endpoints(workspace), asked.context)


@router.post("/ofrep/v1/evaluate/flags", response_model=EvaluationList)
def evaluate_flags(workspace: Served, asked: Context, request: Request) -> Response:
    """Evaluate every flag for a context (OpenFeature Remote Evaluation Protocol)."""
    endpoints = _endpoints(workspace)
    flags = [_evaluated(key, endpoints, asked.context)[1] for key in flag_keys(endpoints.values())]
    body = to_json({"flags": flags})
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"etag": tag})
    return Response(body, media_type="application/json", headers={"etag": tag})


def _endpoints(workspace: Served) -> dict[str, Endpoint]:
    return {one.name: one for one in workspace.endpoints.find()}


def _answer(key: str, endpoints: dict[str, Endpoint], context: dict[str, Any]) -> Response:
    status, body = _evaluated(key, endpoints, context)
    return Response(to_json(body), status_code=status, media_type="application/json")


def _evaluated(
    key: str, endpoints: dict[str, Endpoint], context: dict[str, Any]
) -> tuple[int, dict[str, Any]]:
    from keepwell.infrastructure.codec import to_plain

    try:
        return 200, to_plain(evaluate(endpoints, key, context))
    except EvaluationError as error:
        details = f"{error.what}. {error.now}".strip(" .")
        return error.http_status, {"key": key, "errorCode": error.code, "errorDetails": details}
