"""The worker's front door: predictions here, everything else next door."""

import logging
import math
import time
from typing import Any

from keepwell.core.errors import KeepwellError, UnavailableError, UsageError
from keepwell.deployment.server.admission.access import UnknownCallerError
from keepwell.deployment.server.admission.guard import refuse_strangers
from keepwell.deployment.server.doors import Door, PredictDoor
from keepwell.deployment.server.heartbeat import RequestError
from keepwell.deployment.server.messages import (
    Header,
    Request,
    Response,
    error_response,
    json_response,
)
from keepwell.deployment.server.prediction import Call, PredictionError, Predictor
from keepwell.deployment.server.proxy import ControlAwayError, Proxy, away
from keepwell.deployment.server.requests import ClientGoneError, read_body

_PREFIX = "/endpoints/"

_logger = logging.getLogger(__name__)


class Application:
    """Finds the door that a request knocks at, and answers whatever happens behind it.

    As an ASGI application it also reads the request and passes on what is not its own.

    Args:
        predictor: Answers predictions.
        proxy: Passes the rest on.
    """

    def __init__(self, predictor: Predictor, proxy: Proxy) -> None:
        self._predictor = predictor
        self._proxy = proxy
        self._doors: dict[str, Door] = {"predict": PredictDoor(predictor)}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one ASGI request."""
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        found = self.door(path)
        if found is None:
            refusal = self._refuse_outcomes(_request(scope))
            if refusal is not None:
                await _send(send, refusal)
                return
            try:
                await self._proxy.pass_on(scope, receive, send)
            except ControlAwayError:
                await _send(send, self._answer_alone(path))
            return
        request = _request(scope)
        try:
            refuse_strangers(request)
            request.body = await read_body(receive, request.headers)
        except ClientGoneError:
            return
        except KeepwellError as error:
            await _send(send, self._refuse(Call(endpoint=found[1]), error))
            return
        await _send(send, await self.answer(*found, request))

    def door(self, path: str) -> tuple[Door, str] | None:
        """Return the door of `/endpoints/NAME/VERB` and the name; None if the path is not ours."""
        if not path.startswith(_PREFIX):
            return None
        name, slash, verb = path[len(_PREFIX) :].partition("/")
        door = self._doors.get(verb) if slash and name else None
        return None if door is None else (door, name)

    async def answer(self, door: Door, name: str, request: Request) -> Response:
        """Return the answer to a request that was read whole."""
        if request.method != "POST":
            return _wrong_method(request)
        call = Call.of(name, request)
        self._predictor.counters.in_flight += 1
        try:
            self.admit(call, request, door.scope)
            return await door.answer(call, request)
        except KeepwellError as error:
            return self._refuse(call, error)
        except Exception as error:  # a model may raise anything; the worker lives
            _logger.exception("endpoint %s failed", name)
            return self._refuse(call, PredictionError.of(call, error))
        finally:
            self._predictor.counters.in_flight -= 1

    def admit(self, call: Call, request: Request, scope: str) -> None:
        """See who asks, and let them in.

        Raises:
            KeepwellError: If they may not ask for that.
        """
        access = self._predictor.snapshot.access
        if access.idle:
            return
        call.consumer = access.admit(request, call.endpoint, scope)
        if call.consumer is not None and not call.caller:
            call.caller = call.consumer.name

    def _refuse(self, call: Call, error: KeepwellError) -> Response:
        known = call.endpoint in self._predictor.snapshot.endpoints
        self._predictor.counters.refused(
            RequestError(
                time=time.time(),
                endpoint=call.endpoint if known else "",
                version=call.version,
                status=error.http_status,
                what=error.what[:500],
            )
        )
        headers: list[Header] = []
        if call.version:
            headers.append((b"x-model-version", b"%d" % call.version))
        wait = error.details.get("retry_after", isinstance(error, UnavailableError))
        if wait:
            headers.append((b"retry-after", b"%d" % math.ceil(wait)))
        if isinstance(error, UnknownCallerError):
            headers.append((b"www-authenticate", b"Bearer"))
        return error_response(error, headers)

    def _refuse_outcomes(self, request: Request) -> Response | None:
        """Return the refusal of outcomes from somebody who may not tell any; None for all else."""
        name, _, verb = request.path.removeprefix(_PREFIX).partition("/")
        if verb != "feedback" or not request.path.startswith(_PREFIX):
            return None
        call = Call.of(name, request)
        try:
            self.admit(call, request, "feedback")
        except KeepwellError as error:
            return self._refuse(call, error)
        return None

    def _answer_alone(self, path: str) -> Response:
        """Return what can be said while the control process is away."""
        endpoints = self._predictor.snapshot.endpoints.values()
        if path == "/healthz":
            return json_response(200, {"status": "ok", "control": "away"})
        if path == "/readyz" and any(one.routes for one in endpoints):
            return json_response(200, {"status": "ready", "control": "away"})
        return away()


def _request(scope: Any) -> Request:
    client, server = scope.get("client"), scope.get("server")
    return Request(
        method=scope["method"],
        path=scope["path"],
        headers=dict(scope["headers"]),
        query=scope["query_string"],
        client=client[0] if client else "",
        server=server[0] if server else "",
    )


async def _send(send: Any, response: Response) -> None:
    length = (b"content-length", b"%d" % len(response.body))
    headers = [*response.headers, length]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


def _wrong_method(request: Request) -> Response:
    error = UsageError(
        f"{request.method} {request.path} means nothing",
        why="predictions are asked for by POST, with the rows in the body",
        now=f"curl {request.path} -H 'content-type: application/json' "
        "-d '{\"instances\": [{…}]}'",
    )
    return error_response(error, [(b"allow", b"POST")], status=405)
