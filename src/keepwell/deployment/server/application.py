"""The worker's front door: which door a request knocks at, and what happens behind it."""

import logging
import math
import time

from keepwell.core.errors import KeepwellError, UnavailableError, UsageError
from keepwell.deployment.server.admission.access import UnknownCallerError
from keepwell.deployment.server.admission.load import check_load
from keepwell.deployment.server.doors import Door, Doors
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
from keepwell.deployment.tracing.stages import Stages
from keepwell.deployment.unpacking import unpacked

_PREFIX = "/endpoints/"
_NEXT_DOOR = {"feedback": "feedback", "explain": "explain", "import": "import"}
"""What the control process answers of an endpoint, and what a token must allow for it."""

_HANDED_IN = "/api/v1/endpoints/"
_WEBHOOKS = "/api/v1/webhooks/"
_TRACES = ("/api/v1/traces", "/v1/traces")
_SIGNATURES = {b"x-pagerduty-signature", b"x-keepwell-signature"}
"""Who signs needs no token: the control process knows the secret."""

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
        self._doors = Doors(predictor)

    def door(self, path: str) -> tuple[Door, str] | None:
        """Return the door of a path and the endpoint that it names; None if the path is not ours."""
        return self._doors.find(path)

    async def answer(self, door: Door, name: str, request: Request) -> Response:
        """Return the answer to a request that was read whole."""
        if request.method not in door.methods:
            return _wrong_method(door, request)
        call = Call.of(name, request)
        if call.traced and self.predictor.stage_log is not None and door.scope == "predict":
            call.stages = Stages(call.started)
        counters, threads = self.predictor.counters, self.predictor.threads
        busy = counters.in_flight + threads.stuck
        counters.in_flight += 1
        try:
            check_load(busy, self.predictor.snapshot.limits)
            if name and door.scope:
                self.admit(call, request, door.scope)
            encoding = request.headers.get(b"content-encoding")
            if encoding:  # after it is known who sends it
                most = self.predictor.snapshot.limits.body
                request.body = unpacked(encoding, request.body, most)
            response = await door.answer(call, request)
            self._tell_stages(call, "encode")
            return response
        except KeepwellError as error:
            self._tell_stages(call, "refused", error)
            return self.refuse(door, call, error)
        except Exception as error:  # a model may raise anything; the worker lives
            _logger.exception("endpoint %s failed", name)
            failed = PredictionError.of(call, error)
            self._tell_stages(call, "failed", failed)
            return self.refuse(door, call, failed)
        finally:
            counters.in_flight -= 1

    def _tell_stages(self, call: Call, last: str, error: KeepwellError | None = None) -> None:
        """Tell the stages of a traced request, where somebody asked for them."""
        stages, log = call.stages, self.predictor.stage_log
        if stages is None or log is None:
            return
        stages.mark(last)
        attributes = {"request": call.request, "version": call.version, "caller": call.caller}
        log.tell(
            about={
                "app": call.endpoint,
                "trace": call.trace,
                "parent": call.parent,
                "request": call.request,
                "error": "" if error is None else error.what[:500],
                "attributes": {name: value for name, value in attributes.items() if value},
            },
            stages=stages,
        )

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

    def refuse(self, door: Door | None, call: Call, error: KeepwellError) -> Response:
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
        return error_response(error, headers) if door is None else door.refusal(error, headers)

    def refuse_next_door(self, request: Request) -> Response | None:
        """Return the refusal of what is answered next door, and not to everybody; None for all else."""
        name, scope = _next_door(request)
        if not scope:
            return None
        call = Call.of(name, request)
        try:
            self.admit(call, request, scope)
        except KeepwellError as error:
            return self.refuse(None, call, error)
        return None

    def answer_alone(self, path: str) -> Response:
        """Return what can be said while the control process is away."""
        endpoints = self.predictor.snapshot.endpoints.values()
        if path == "/healthz":
            return json_response(200, {"status": "ok", "control": "away"})
        if path == "/readyz" and any(one.routes for one in endpoints):
            return json_response(200, {"status": "ready", "control": "away"})
        return away()


def _next_door(request: Request) -> tuple[str, str]:
    """Return the endpoint that is asked for next door, and what a token must allow; empty for nothing."""
    path = request.path
    if path.startswith(_PREFIX):
        name, _, verb = path.removeprefix(_PREFIX).partition("/")
        return name, _NEXT_DOOR.get(verb, "")
    if request.method != "POST":
        return "", ""
    if path.startswith(_HANDED_IN):
        name, _, verb = path.removeprefix(_HANDED_IN).partition("/")
        return name, "import" if verb == "predictions" else ""
    if path.startswith(_WEBHOOKS) and not _SIGNATURES & request.headers.keys():
        return "webhooks", "signal"
    if path.startswith(_TRACES):
        return "traces", "import"
    return "", ""


def _wrong_method(door: Door, request: Request) -> Response:
    methods = " or ".join(door.methods)
    posts = "POST" in door.methods
    error = UsageError(
        f"{request.method} {request.path} means nothing",
        why=f"it answers {methods}" + (", with the rows in the body" if posts else ""),
        now=f"curl {request.path} -H 'content-type: application/json' -d '{{\"instances\": [{{…}}]}}'"
        if posts
        else f"curl {request.path}",
    )
    return error_response(error, [(b"allow", ", ".join(door.methods).encode())], status=405)
