"""The worker's front door: which door a request knocks at, and what happens behind it."""

import logging
import math
import time

from keepwell.core.errors import KeepwellError, UnavailableError, UsageError
from keepwell.deployment.server.admission.access import UnknownCallerError
from keepwell.deployment.server.admission.load import check_load
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
from keepwell.deployment.server.proxy import Proxy, away

_PREFIX = "/endpoints/"

_logger = logging.getLogger(__name__)


class Application:
    """Finds the door that a request knocks at, and answers whatever happens behind it.

    Args:
        predictor: Answers predictions.
        proxy: Passes on what knocks at no door of ours.
    """

    def __init__(self, predictor: Predictor, proxy: Proxy) -> None:
        self.proxy = proxy
        self.predictor = predictor
        self._doors: dict[str, Door] = {"predict": PredictDoor(predictor)}

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
        counters, threads = self.predictor.counters, self.predictor.threads
        busy = counters.in_flight + threads.stuck
        counters.in_flight += 1
        try:
            check_load(busy, self.predictor.snapshot.limits)
            self.admit(call, request, door.scope)
            return await door.answer(call, request)
        except KeepwellError as error:
            return self.refuse(call, error)
        except Exception as error:  # a model may raise anything; the worker lives
            _logger.exception("endpoint %s failed", name)
            return self.refuse(call, PredictionError.of(call, error))
        finally:
            counters.in_flight -= 1

    def admit(self, call: Call, request: Request, scope: str) -> None:
        """See who asks, and let them in.

        Raises:
            KeepwellError: If they may not ask for that.
        """
        access = self.predictor.snapshot.access
        if access.idle:
            return
        call.consumer = access.admit(request, call.endpoint, scope)
        if call.consumer is not None and not call.caller:
            call.caller = call.consumer.name

    def refuse(self, call: Call, error: KeepwellError) -> Response:
        """Return the answer to a request that is refused, and count it."""
        known = call.endpoint in self.predictor.snapshot.endpoints
        self.predictor.counters.refused(
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

    def refuse_outcomes(self, request: Request) -> Response | None:
        """Return the refusal of outcomes from somebody who may not tell any; None for all else."""
        name, _, verb = request.path.removeprefix(_PREFIX).partition("/")
        if verb != "feedback" or not request.path.startswith(_PREFIX):
            return None
        call = Call.of(name, request)
        try:
            self.admit(call, request, "feedback")
        except KeepwellError as error:
            return self.refuse(call, error)
        return None

    def answer_alone(self, path: str) -> Response:
        """Return what can be said while the control process is away."""
        endpoints = self.predictor.snapshot.endpoints.values()
        if path == "/healthz":
            return json_response(200, {"status": "ok", "control": "away"})
        if path == "/readyz" and any(one.routes for one in endpoints):
            return json_response(200, {"status": "ready", "control": "away"})
        return away()


def _wrong_method(request: Request) -> Response:
    error = UsageError(
        f"{request.method} {request.path} means nothing",
        why="predictions are asked for by POST, with the rows in the body",
        now=f"curl {request.path} -H 'content-type: application/json' "
        "-d '{\"instances\": [{…}]}'",
    )
    return error_response(error, [(b"allow", b"POST")], status=405)
