"""Traces of language models: told, found, read, scored; and OpenTelemetry's own address for them."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from keepwell.api.bodies import read_body, read_object
from keepwell.api.door import Served, document, workspace_of
from keepwell.core.errors import InvalidRequestError, KeepwellError, UsageError
from keepwell.core.events import acting_as
from keepwell.core.moments import moment
from keepwell.monitoring.traces import TraceLine, WantedTraces

router = APIRouter(tags=["traces"])

LARGEST_BODY = 32 << 20
MOST_SPANS = 10_000
_FORM = '{"spans": [{"app": "…", "kind": "llm", "model": "…", "input": …, "output": …, "ms": …}]}'
_SCORES = '{"scores": [{"trace": "…", "name": "helpful", "value": 0.8}]}'
_SPAN = {
    "type": "object",
    "required": ["app"],
    "properties": {
        "app": {"type": "string", "description": "the application"},
        "trace": {
            "type": "string",
            "description": "32 hexadecimal digits; a trace of its own unless said",
        },
        "id": {"type": "string", "description": "16 hexadecimal digits: it is kept once"},
        "parent": {"type": "string", "description": "the step that it is part of"},
        "name": {"type": "string"},
        "kind": {
            "type": "string",
            "description": "llm, embedding, retrieval, tool, agent, chain, span",
        },
        "time": {"description": "when it began: Unix seconds or ISO 8601; now unless said"},
        "ms": {"type": "number", "description": "how long it took"},
        "first_token_ms": {"type": "number"},
        "model": {"type": "string"},
        "provider": {"type": "string"},
        "input": {"description": "the prompt: text or JSON"},
        "output": {"description": "what came out"},
        "input_tokens": {"type": "integer"},
        "output_tokens": {"type": "integer"},
        "cached_tokens": {"type": "integer"},
        "cost": {"type": "number", "description": "by the prices of costs.models unless said"},
        "error": {"type": "string"},
        "user": {"type": "string"},
        "session": {"type": "string"},
        "attributes": {"type": "object"},
    },
}
_CALL = {
    "type": "object",
    "required": ["app", "request"],
    "properties": {
        "app": {"type": "string"},
        "request": {"type": "object", "description": "the body that OpenAI's API was asked with"},
        "response": {"type": "object", "description": "the body that it answered"},
        "ms": {"type": "number"},
        "first_token_ms": {"type": "number"},
    },
}
_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {
                    "spans": {"type": "array", "items": _SPAN},
                    "calls": {"type": "array", "items": _CALL},
                },
            },
        },
    },
}
_SCORE_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["scores"],
                "properties": {
                    "scores": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["trace", "name", "value"],
                            "properties": {
                                "trace": {"type": "string"},
                                "span": {"type": "string"},
                                "name": {"type": "string"},
                                "value": {"type": "number"},
                                "comment": {"type": "string"},
                            },
                        },
                    }
                },
            },
        },
    },
}
_OTLP_BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": {"type": "object"}},
        "application/x-protobuf": {"schema": {"type": "string", "format": "binary"}},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedItem:
    """A step, or a score, that was not kept, and why."""

    index: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDocument:
    """What became of what was handed in."""

    accepted: int
    duplicate: int = 0
    rejected: list[RefusedItem] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceList:
    """Traces, newest first, and how many match."""

    total: int
    traces: list[TraceLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDocument:
    """One step of a trace."""

    id: str
    parent: str
    depth: int
    app: str
    name: str
    kind: str
    time: float
    ms: float
    first_token_ms: float | None
    model: str
    provider: str
    input: str
    output: str
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    cost: float | None
    error: str
    user: str
    session: str
    attributes: dict[str, Any]
    caller: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenDocument:
    """A score of a trace."""

    id: str
    name: str
    value: float
    source: str
    by: str
    comment: str
    span: str
    time: float


_GIVEN = tuple(GivenDocument.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceDocument:
    """One trace, its steps in the order of the tree, and its scores."""

    trace: str
    spans: list[StepDocument]
    scores: list[GivenDocument]


@router.post("/api/v1/traces", response_model=KeptDocument, openapi_extra={"requestBody": _BODY})
async def take_traces(request: Request, partial: bool = False) -> Response:
    """Hand in steps of traces, or calls of language models as OpenAI's API has them.

    They are durable when this answers. One with an `id` is kept once, however often it comes. With `partial`
    those that can be used are kept although others cannot.
    """
    from keepwell.monitoring.traces.forms.openai import item_of

    posted = read_object(await read_body(request, LARGEST_BODY), _FORM)
    spans, calls = (_listed(posted, name) for name in ("spans", "calls"))
    if not spans and not calls and not {"spans", "calls"} & posted.keys():
        raise InvalidRequestError(
            "there are neither 'spans' nor 'calls'", why=f"the body is {_FORM}"
        )
    items = [*spans, *(_Late(item_of, call) for call in calls)]
    return await _kept(request, items, partial=partial)


@router.post("/v1/traces", response_model=None, openapi_extra={"requestBody": _OTLP_BODY})
async def take_otlp(request: Request) -> Response:
    """Take what OpenTelemetry exports over HTTP: set `OTEL_EXPORTER_OTLP_ENDPOINT` to this server.

    Protobuf and JSON. Spans of generative AI are read by OpenTelemetry's semantic conventions and by
    OpenInference's; all others are kept as steps of their trace.
    """
    from keepwell.monitoring.traces.forms.otlp import JSON, PROTOBUF, items_of

    body = await read_body(request, LARGEST_BODY)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (PROTOBUF, JSON):
        raise UsageError(
            f"the body is '{kind[:100]}'",
            why=f"OTLP is taken as {PROTOBUF} or {JSON}",
            now="set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        )
    items = await run_in_threadpool(lambda: list(items_of(body, kind)))
    kept = await _take(request, items, partial=True)
    if kind == JSON:
        refused = kept.rejected
        told = {"rejectedSpans": len(refused), "errorMessage": refused[0].why} if refused else {}
        answer = {"partialSuccess": told} if told else {}
        return Response(json.dumps(answer), media_type=JSON)
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    said = ExportTraceServiceResponse()
    if kept.rejected:
        said.partial_success.rejected_spans = len(kept.rejected)
        said.partial_success.error_message = kept.rejected[0].why
    return Response(said.SerializeToString(), media_type=PROTOBUF)


@router.post(
    "/api/v1/traces/scores", response_model=KeptDocument, openapi_extra={"requestBody": _SCORE_BODY}
)
async def take_scores(request: Request, partial: bool = False) -> Response:
    """Say how good traces are. Of one name, the newest score by the same caller counts."""
    posted = read_object(await read_body(request, LARGEST_BODY), _SCORES)
    items = _listed(posted, "scores")
    caller = request.headers.get("x-keepwell-caller", "")[:200]
    workspace = workspace_of(request)

    def keep() -> KeptDocument:
        rejected: list[RefusedItem] = []
        for at, item in enumerate(items):
            try:
                if not isinstance(item, dict):
                    raise InvalidRequestError(f"scores[{at}] is no object", why=f"write {_SCORES}")
                workspace.traces.score(item, source="api", by=caller)
            except KeepwellError as error:
                if not partial:
                    raise
                rejected.append(RefusedItem(index=at, why=error.what))
        return KeptDocument(accepted=len(items) - len(rejected), rejected=rejected)

    return document(await run_in_threadpool(keep))


@router.get("/api/v1/traces", response_model=TraceList)
def list_traces(  # noqa: PLR0913, PLR0917 (each is a parameter of the request)
    workspace: Served,
    app: str = "",
    where: Annotated[
        list[str] | None, Query(description="model=gpt-4o, ms>2000, score:helpful<0.5")
    ] = None,
    text: Annotated[str, Query(description="Stands anywhere in one of its steps.")] = "",
    failed: bool = False,
    since: Annotated[str, Query(description="Unix seconds, ISO 8601, or `2h ago`.")] = "",
    until: str = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """List the traces that match, newest first, with how many do."""
    now = workspace.clock.now()
    page = workspace.traces.find(
        WantedTraces(
            app=app,
            where=tuple(where or ()),
            text=text,
            failed=failed,
            since=moment(since, now) if since else None,
            until=moment(until, now) if until else None,
            limit=limit,
            skip=skip,
        )
    )
    return document(TraceList(total=page.total, traces=list(page.traces)))


@router.get("/api/v1/traces/{trace}", response_model=TraceDocument)
def read_trace(workspace: Served, trace: str) -> Response:
    """Read one trace: every step with its prompt, answer, tokens, cost and time, and every score."""
    return document(trace_document(workspace.traces.read(trace)))


def trace_document(whole: Any) -> TraceDocument:
    """Return a trace as it is answered."""
    from keepwell.infrastructure.codec import to_plain

    spans = []
    for span, depth, cost in zip(whole.spans, whole.depths, whole.costs, strict=True):
        plain = {**to_plain(span), "depth": depth, "cost": cost}
        del plain["trace"]
        spans.append(StepDocument(**{**plain, "attributes": json.loads(span.attributes)}))
    scores = []
    for score in whole.scores:
        plain = to_plain(score)
        scores.append(GivenDocument(**{name: plain[name] for name in _GIVEN}))
    return TraceDocument(trace=whole.trace, spans=spans, scores=scores)


class _Late:
    """An item that is read when its turn comes, so that a wrong one is told by its place."""

    def __init__(self, read: Callable[[Any], dict[str, Any]], call: Any) -> None:
        self.read = read
        self.call = call


def _listed(posted: dict[str, Any], name: str) -> list[Any]:
    found = posted.get(name, [])
    if not isinstance(found, list):
        raise InvalidRequestError(
            f"'{name}' is not a list", why=f"the body is {_FORM}", now="put them into a list"
        )
    if len(found) > MOST_SPANS:
        raise UsageError(
            f"{len(found):,} {name} in one request",
            why=f"at most {MOST_SPANS:,} are taken at once",
            now="send them in several requests",
        )
    return found


async def _kept(request: Request, items: Sequence[Any], *, partial: bool) -> Response:
    return document(await _take(request, items, partial=partial))


async def _take(request: Request, items: Iterable[Any], *, partial: bool) -> KeptDocument:
    caller = request.headers.get("x-keepwell-caller", "")[:200]
    workspace = workspace_of(request)

    def take() -> KeptDocument:
        from keepwell.monitoring.elsewhere.posted import Unusable
        from keepwell.monitoring.traces.posted import wrong

        read, rejected, places = [], [], []
        for at, item in enumerate(items):
            try:
                read.append(item.read(item.call) if isinstance(item, _Late) else item)
                places.append(at)
            except Unusable as reason:
                if not partial:
                    raise wrong(at, str(reason)) from None
                rejected.append(RefusedItem(index=at, why=str(reason)))
        with acting_as("api"):
            taken = workspace.traces.hand_in(read, caller=caller, partial=partial)
        rejected += [RefusedItem(index=places[one.index], why=one.why) for one in taken.rejected]
        return KeptDocument(accepted=taken.accepted, duplicate=taken.duplicate, rejected=rejected)

    return await run_in_threadpool(take)
