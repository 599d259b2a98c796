"""`/v2/…`: the Open Inference Protocol, in which an endpoint is a model."""

from dataclasses import dataclass
from typing import Any, ClassVar

from keepwell.core.errors import KeepwellError, NotFoundError, UsageError
from keepwell.deployment.server.doors.base import Door
from keepwell.deployment.server.inference_protocol import metadata
from keepwell.deployment.server.inference_protocol.reading import read_inference
from keepwell.deployment.server.inference_protocol.rows import (
    check_outputs,
    instances_of,
    outputs_of,
)
from keepwell.deployment.server.inference_protocol.writing import inference_response
from keepwell.deployment.server.messages import Header, Request, Response, json_response
from keepwell.deployment.server.prediction import Call, Predictor

_LONGEST_ID = 128
_DIGITS = 9


class WrongMethodError(UsageError):
    """A path of the protocol was asked by the wrong method."""

    headline = "Another method is asked for"
    http_status = 405


@dataclass(frozen=True, slots=True, kw_only=True)
class _Path:
    """`/v2/models/NAME/versions/VERSION/VERB`, taken apart."""

    model: str = ""
    version: str = ""
    verb: str = ""


class OpenInferenceDoor(Door):
    """The Open Inference Protocol.

    Args:
        predictor: Answers the rows.
    """

    methods: ClassVar[tuple[str, ...]] = ("GET", "POST")

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    def endpoint_of(self, path: str) -> str:
        """Return the endpoint that a path names, empty if none."""
        found = _parse(path)
        return found.model if found is not None else ""

    async def answer(self, call: Call, request: Request) -> Response:
        """Return what the protocol's path stands for."""
        path = _parse(request.path)
        if path is None:
            raise NotFoundError(
                f"there is nothing at {request.path:.200}",
                why="the Open Inference Protocol has health, metadata and inference there",
                now="see /v2/models/NAME",
            )
        wanted = "POST" if path.verb == "infer" else "GET"
        if request.method != wanted:
            raise WrongMethodError(
                f"{request.method} {request.path:.200} means nothing",
                why=f"it is asked by {wanted}",
                now=f"curl -X {wanted} {request.path:.200}",
            )
        if not path.model:
            return self._server(path.verb)
        call.wanted = self._version(path)
        if path.verb == "infer":
            return await self._infer(call, request)
        endpoint = self._predictor.find(path.model)
        version = call.wanted or endpoint.routes[0].version
        if path.verb == "ready":
            return json_response(200, {"name": path.model, "ready": True})
        return json_response(200, metadata.describe(endpoint, version))

    def refusal(self, error: KeepwellError, headers: list[Header]) -> Response:
        """Return a refusal whose `error` is its words, as the protocol has it."""
        document = {**error.as_dict(), "error": str(error), "kind": type(error).__name__}
        return json_response(error.http_status, document, headers)

    async def _infer(self, call: Call, request: Request) -> Response:
        endpoint = self._predictor.find(call.endpoint, call.wanted)
        inference = read_inference(request)
        check_outputs(endpoint, inference.outputs)
        named = inference.id
        if named and b"x-request-id" not in request.headers and _is_name(named):
            call.request = named
        answered = await self._predictor.predict(call, instances_of(endpoint, inference.inputs))
        tensors = outputs_of(answered, inference.outputs)
        binary = (
            {tensor.name for tensor in tensors if inference.binary}
            if inference.outputs is None
            else {one.name for one in inference.outputs if one.binary}
        )
        document: dict[str, Any] = {
            "model_name": call.endpoint,
            "model_version": str(answered.parts[0].part.route.version),
        }
        if inference.id:
            document["id"] = inference.id
        warnings = [text for one in answered.parts for text in one.scores.warnings]
        if warnings:
            document["parameters"] = {"warnings": "; ".join(dict.fromkeys(warnings))}
        return inference_response(document, tensors, binary, answered.marks)

    def _server(self, verb: str) -> Response:
        if verb == "server":
            return json_response(200, metadata.SERVER)
        if verb == "live":
            return json_response(200, {"live": True})
        ready = any(one.routes for one in self._predictor.snapshot.endpoints.values())
        return json_response(200 if ready else 503, {"ready": ready})

    def _version(self, path: _Path) -> int:
        """Return the version that a path names, 0 for none.

        Raises:
            NotFoundError: If it is not served.
        """
        if not path.version:
            return 0
        if path.version.isdecimal() and len(path.version) <= _DIGITS:
            number = int(path.version)
            self._predictor.find(path.model, number)
            return number
        self._predictor.find(path.model)
        raise NotFoundError(
            f"'{path.version:.40}' is no version",
            why="versions of models are numbers from 1 up",
            now=f"see /v2/models/{path.model}",
        )


def _parse(path: str) -> _Path | None:
    """Return a path taken apart, None if the protocol has none of that form."""
    match path.rstrip("/").split("/")[2:]:
        case []:
            return _Path(verb="server")
        case ["health", ("live" | "ready") as verb]:
            return _Path(verb=verb)
        case ["models", model, "versions", version, *verb] if _is_verb(model, verb):
            return _Path(model=model, version=version, verb="".join(verb))
        case ["models", model, *verb] if _is_verb(model, verb):
            return _Path(model=model, verb="".join(verb))
    return None


def _is_verb(model: str, verb: list[str]) -> bool:
    return bool(model) and verb in ([], ["ready"], ["infer"])


def _is_name(identifier: str) -> bool:
    return len(identifier) <= _LONGEST_ID and identifier.isascii() and identifier.isprintable()
