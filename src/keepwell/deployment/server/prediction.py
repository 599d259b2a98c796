"""The request path: parse, choose a version, score, log, answer."""

import asyncio
import logging
import time
from typing import Any

from keepwell.core.errors import KeepwellError, NotFoundError, UnavailableError
from keepwell.core.identifiers import new_id
from keepwell.core.suggestions import did_you_mean
from keepwell.deployment.scoring.scorer import Scores
from keepwell.deployment.server.answers import Header, send_error, send_json
from keepwell.deployment.server.assignment import Part, assign
from keepwell.deployment.server.guard import refuse_strangers
from keepwell.deployment.server.heartbeat import Counters, RequestError
from keepwell.deployment.server.recording import Circumstances, document_of, frames_of, number
from keepwell.deployment.server.requests import ClientGoneError, decode_instances, read_body
from keepwell.deployment.server.snapshot import LiveEndpoint, Snapshot
from keepwell.infrastructure.segments import SegmentWriter

PROBE_HEADER = b"x-keepwell-probe"
PROBE = "probe"
"""Caller, in the prediction log, of the rows by which a rollout is verified."""

_MANY = 200  # rows beyond which scoring leaves the event loop to other requests
_LONGEST_ID = 128

_logger = logging.getLogger(__name__)


class PredictionError(KeepwellError):
    """The model raised on rows that fit its signature."""

    headline = "The model failed"


class Predictor:
    """Answers prediction requests from the present snapshot.

    Args:
        writer: Where each row is logged before its answer leaves.
        counters: Count what happens.
    """

    def __init__(self, writer: SegmentWriter, counters: Counters) -> None:
        self.snapshot = Snapshot()
        self._writer = writer
        self._counters = counters

    async def answer(self, name: str, scope: Any, receive: Any, send: Any) -> None:
        """Answer one `POST /endpoints/NAME/predict`, whatever it holds."""
        self._counters.in_flight += 1
        try:
            await self._answer(name, scope, receive, send)
        except ClientGoneError:
            return
        finally:
            self._counters.in_flight -= 1

    async def _answer(self, name: str, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        part: Part | None = None
        try:
            refuse_strangers(headers, scope)
            body = await read_body(receive, headers)
            started = time.perf_counter()
            request = _request_id(headers)
            endpoint = self._find(name)
            scored = []
            now = time.time()
            probing = PROBE_HEADER in headers
            instances = decode_instances(body)
            for part in assign(endpoint, instances, request, by_request=probing):
                scored.append(number(part, await _score(part), now))
            milliseconds = (time.perf_counter() - started) * 1000
            about = Circumstances(
                time=now,
                request=request,
                latency_ms=milliseconds,
                caller=PROBE if probing else "",
            )
            frames = [frame for one in scored for frame in frames_of(endpoint, one, about)]
            if frames:
                self._writer.append_all(frames)
            document = document_of(endpoint, scored)
        except KeepwellError as error:
            await self._refuse(send, name, part, error)
            return
        except ClientGoneError:
            raise
        except Exception as error:  # a model may raise anything; the worker lives
            _logger.exception("endpoint %s failed", name)
            await self._refuse(send, name, part, _failure(name, part, error))
            return
        for one in scored:
            self._counters.answered(name, one.part.route.version, len(one.ids), milliseconds)
        marks: list[Header] = [
            (b"x-model-version", b"%d" % scored[0].part.route.version),
            (b"x-latency-ms", b"%.3f" % milliseconds),
            (b"x-request-id", request.encode("latin-1")),
        ]
        await send_json(send, 200, document, marks)

    def _find(self, name: str) -> LiveEndpoint:
        endpoint = self.snapshot.endpoints.get(name)
        if endpoint is None:
            names = list(self.snapshot.endpoints)
            raise NotFoundError(
                f"there is no endpoint called '{name}'",
                why=f"served here: {', '.join(names) or 'none yet'}",
                now=did_you_mean(name, names) or "keepwell run makes a model that can be served",
            )
        if not endpoint.routes:
            raise UnavailableError(
                f"the endpoint '{name}' has no champion",
                why="no model version has passed its gate yet, or none of them can be loaded",
                now="keepwell run, then keepwell status",
            )
        return endpoint

    async def _refuse(self, send: Any, name: str, part: Part | None, error: KeepwellError) -> None:
        version = part.route.version if part is not None else 0
        self._counters.refused(
            RequestError(
                time=time.time(),
                endpoint=name if name in self.snapshot.endpoints else "",
                version=version,
                status=error.http_status,
                what=error.what[:500],
            )
        )
        headers: list[Header] = [(b"x-model-version", b"%d" % version)] if version else []
        if isinstance(error, UnavailableError):
            headers.append((b"retry-after", b"1"))
        await send_error(send, error, headers)


async def _score(part: Part) -> Scores:
    if len(part.rows) <= _MANY:
        return part.route.scorer.rows(part.rows)
    return await asyncio.to_thread(part.route.scorer.rows, part.rows)


def _request_id(headers: dict[bytes, bytes]) -> str:
    """Return the id that the client gave its request, or a new one."""
    given = headers.get(b"x-request-id", b"")[:_LONGEST_ID].decode("latin-1")
    return given if given and given.isprintable() and given.isascii() else new_id()


def _failure(name: str, part: Part | None, error: Exception) -> PredictionError:
    version = f"version {part.route.version} of '{name}'" if part is not None else f"'{name}'"
    return PredictionError(
        f"{version} could not answer",
        why=f"{type(error).__name__}: {error}"[:500],
        now="see the worker's log in .keepwell/logs; roll back if it goes on",
    )
