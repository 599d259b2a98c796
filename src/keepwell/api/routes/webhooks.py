"""What other monitoring systems tell."""

from dataclasses import dataclass
from typing import Any, Literal

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from keepwell.api.bodies import read_body, read_object
from keepwell.api.door import Served, document, workspace_of
from keepwell.core.events import acting_as
from keepwell.core.records.notice import Notice

router = APIRouter(prefix="/api/v1", tags=["incidents"])

LARGEST_BODY = 2 << 20
_BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": {"type": "object"}, "example": {"title": "disk full"}}
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeList:
    """Alerts of other systems."""

    alerts: list[Notice]


@router.post("/webhooks/{source}", response_model=NoticeList, openapi_extra={"requestBody": _BODY})
async def take_webhook(
    request: Request, source: Literal["alertmanager", "datadog", "pagerduty", "generic"]
) -> Response:
    """Take an alert of Alertmanager, Datadog, PagerDuty, or of anybody who can post JSON.

    One that names an endpoint becomes a signal of kind `external` there; another counts as something that
    happened around all endpoints.
    """
    from keepwell.operations.inbound.signing import check_signature

    body = await read_body(request, LARGEST_BODY)
    workspace = workspace_of(request)

    def allowed(token: str) -> bool:
        return workspace.tokens.allows(token, "signal")

    await run_in_threadpool(check_signature, request.headers, body, allowed=allowed)
    posted = read_object(body, "the JSON of an alert")

    def take() -> Any:
        with acting_as(f"webhook:{source}"):
            return NoticeList(alerts=workspace.notices.tell(source, posted))

    return document(await run_in_threadpool(take))


@router.get("/webhooks/alerts", response_model=NoticeList)
def list_external_alerts(workspace: Served) -> Response:
    """List the alerts of other systems that go on, the newest first."""
    return document(NoticeList(alerts=workspace.notices.firing()))
