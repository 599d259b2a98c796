"""AWS Lambda's door: what API Gateway, a function URL or a load balancer sends, or the request alone.

    handler = handler_of(Path("model"))              # while the function starts: once
    handler({"instances": [{"age": 41}]}, None)      # → the document that the server answers with
    handler({"httpMethod": "POST", "body": "…"}, …)  # → {"statusCode": 200, "headers": …, "body": "…"}

Asked directly, a refusal is raised, so that Lambda marks the call as failed; over HTTP it has a status.
"""

import base64
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from keepwell.core.errors import KeepwellError, UsageError
from keepwell.deployment.standalone.bodies import encode, failure, instances_in, instances_of
from keepwell.deployment.standalone.model import StandaloneModel, open_model
from keepwell.deployment.unpacking import unpacked

Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]

MAX_BODY = 10 << 20
"""Bytes of a body once it is unpacked; what AWS hands in is smaller anyway."""

_logger = logging.getLogger(__name__)


def handler_of(folder: Path) -> Handler:
    """Return the function that Lambda calls, for the model in a folder.

    Raises:
        IntegrityError: If a file of the model is not the one that was exported.
    """
    model = open_model(folder)

    def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        method = _method(event)
        if method is None:
            return _plain(model.answer(instances_in(event)))
        try:
            return _response(model, 200, _over_http(model, method, event))
        except Exception as error:  # a model may raise anything; the caller is told
            if not isinstance(error, KeepwellError):
                _logger.exception("the model failed")
            told = failure(error)
            return _response(model, told.http_status, told.as_dict())

    return handler


def _method(event: Mapping[str, Any]) -> str | None:
    """Return the HTTP method of an event, None if it did not come over HTTP."""
    if "httpMethod" in event:  # REST APIs and load balancers
        return str(event["httpMethod"])
    http = (event.get("requestContext") or {}).get("http")  # HTTP APIs and function URLs
    return str(http["method"]) if isinstance(http, Mapping) else None


def _over_http(model: StandaloneModel, method: str, event: Mapping[str, Any]) -> dict[str, Any]:
    if method in ("GET", "HEAD"):
        card = model.card
        return {"status": "ready", "model": {"name": card.model, "version": card.version}}
    if method != "POST":
        raise UsageError(
            f"{method} means nothing here",
            why="predictions are asked for by POST",
            now="POST the rows",
        )
    body: str | bytes = event.get("body") or ""
    if event.get("isBase64Encoded"):
        try:
            body = base64.b64decode(body, validate=True)
        except ValueError as error:
            raise UsageError("the body is not base64", why=str(error), now="send JSON") from None
    packing = _header(event, "content-encoding")
    if packing:
        packed = body if isinstance(body, bytes) else body.encode("latin-1", "replace")
        body = unpacked(packing.encode("latin-1", "replace"), packed, MAX_BODY)
    return model.answer(instances_of(body))


def _header(event: Mapping[str, Any], wanted: str) -> str:
    """Return a header of an event; empty if it has none of that name."""
    headers = event.get("headers") or {}
    return next((str(value) for name, value in headers.items() if name.lower() == wanted), "")


def _response(model: StandaloneModel, status: int, document: dict[str, Any]) -> dict[str, Any]:
    headers = {
        "content-type": "application/json",
        "x-model-version": str(model.card.version),
    }
    return {
        "statusCode": status,
        "headers": headers,
        "body": encode(document).decode(),
        "isBase64Encoded": False,
    }


def _plain(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document that Python's own encoder, which Lambda uses, can write."""
    import json

    plain: dict[str, Any] = json.loads(encode(document))
    return plain
