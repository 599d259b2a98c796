"""The HTTP door of one model, as a raw ASGI application.

POST /endpoints/NAME/predict, the same request and answer as the server's; GET /healthz and /readyz; the
Open Inference Protocol under /v2. No middleware, no framework.
"""

import asyncio
import logging
import time
from typing import Any

from keepwell.core.errors import KeepwellError, NotFoundError, UsageError
from keepwell.core.suggestions import did_you_mean
from keepwell.deployment.standalone.bodies import (
    BodyTooLargeError,
    encode,
    failure,
    instances_of,
)
from keepwell.deployment.standalone.inference import infer, metadata
from keepwell.deployment.standalone.model import StandaloneModel
from keepwell.deployment.unpacking import unpacked

MAX_BODY = 10 << 20
_MANY = 64 << 10  # bytes of body beyond which scoring leaves the event loop to other requests

_logger = logging.getLogger(__name__)


class Door:
    """Answers for one model.

    Args:
        model: That model.
    """

    def __init__(self, model: StandaloneModel) -> None:
        self._model = model
        name = model.card.endpoint
        version = str(model.card.version)
        self._marks = [(b"x-model-version", version.encode())]
        self._predict = f"/endpoints/{name}/predict"
        at = f"/v2/models/{name}"
        server = {"name": "keepwell", "version": version, "extensions": []}
        self._reads: dict[str, Any] = {
            "/healthz": {"status": "ok"},
            "/readyz": {"status": "ready"},
            "/v2": server,
            "/v2/health/live": {"live": True},
            "/v2/health/ready": {"ready": True},
        }
        self._infer: set[str] = set()
        for place in (at, f"{at}/versions/{version}"):
            self._reads[place] = metadata(model)
            self._reads[f"{place}/ready"] = {"name": name, "ready": True}
            self._infer.add(f"{place}/infer")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        started = time.perf_counter()
        try:
            document = await self._answer(scope, receive)
            status = 200
        except _ClientGoneError:
            return
        except Exception as error:  # a model may raise anything; the server lives
            told = failure(error)
            if not isinstance(error, KeepwellError):
                _logger.exception("%s %s failed", scope["method"], scope["path"])
            document, status = told.as_dict(), told.http_status
            if scope["path"].startswith("/v2"):
                document["error"] = told.what  # where the protocol's clients look
        body = encode(document)
        milliseconds = (time.perf_counter() - started) * 1000
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"x-latency-ms", b"%.3f" % milliseconds),
            *self._marks,
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Any, receive: Any) -> Any:
        method, path = scope["method"], scope["path"].rstrip("/") or "/"
        asks = path == self._predict or path in self._infer
        if asks and method == "POST":
            headers = dict(scope["headers"])
            packing = headers.get(b"content-encoding", b"")
            body = unpacked(packing, await _read(receive), MAX_BODY)
            if len(body) > _MANY:
                return await asyncio.to_thread(self._score, path, body)
            return self._score(path, body)
        if path in self._reads and method in ("GET", "HEAD"):
            return self._reads[path]
        if asks or path in self._reads:
            raise _MethodError(
                f"{method} {path} means nothing",
                why="predictions are asked for by POST, everything else by GET",
                now=f"{'POST' if asks else 'GET'} {path}",
            )
        known = [self._predict, *self._reads, *sorted(self._infer)]
        raise NotFoundError(
            f"there is nothing at {path}",
            why=f"this server answers for one model, '{self._model.card.endpoint}'",
            now=did_you_mean(path, known) or f"POST {self._predict}",
        )

    def _score(self, path: str, body: bytes) -> dict[str, Any]:
        if path == self._predict:
            return self._model.answer(instances_of(body))
        return infer(self._model, body)


class _ClientGoneError(Exception):
    """The client left before its request was whole."""


class _MethodError(UsageError):
    """A method that the path does not know."""

    headline = "Not that way"
    http_status = 405


async def _read(receive: Any) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _ClientGoneError
        piece = message.get("body", b"")
        size += len(piece)
        if size > MAX_BODY:
            raise BodyTooLargeError(
                f"the body has more than {MAX_BODY / 1e6:.1f} MB",
                why="a request is answered from memory",
                now="send fewer rows at a time",
                details={"limit": MAX_BODY},
            )
        pieces.append(piece)
        if not message.get("more_body"):
            return b"".join(pieces)
