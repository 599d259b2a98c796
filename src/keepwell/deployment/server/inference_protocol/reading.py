"""From the body of an inference request to tensors, and to what is wanted back."""

from dataclasses import dataclass
from typing import Any

from keepwell.core.errors import InvalidRequestError, UsageError
from keepwell.deployment.server.inference_protocol.tensors import (
    Tensor,
    misfit,
    read_binary,
    read_head,
    read_json,
)
from keepwell.deployment.server.messages import Request
from keepwell.deployment.server.requests import decode_document

HEADER_LENGTH = b"inference-header-content-length"
_SHAPE = '{"inputs": [{"name": …, "datatype": …, "shape": […], "data": […]}]}'
_ELSEWHERE = ("shared_memory_region", "shared_memory_offset", "shared_memory_byte_size")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An output that is asked for."""

    name: str
    binary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """A request for inference.

    Attributes:
        id: The client's name for it, which comes back.
        inputs: Its tensors.
        outputs: What is asked for; None for everything.
        binary: Send everything in binary, if nothing in particular is asked for.
    """

    id: str
    inputs: list[Tensor]
    outputs: list[Wanted] | None
    binary: bool


def read_inference(request: Request) -> Inference:
    """Return what a request asks for.

    Raises:
        UsageError: If it is not JSON, or its binary part does not fit.
        InvalidRequestError: If a tensor is not of the form of one; names it.
    """
    head, tail = _divided(request, request.body)
    document = decode_document(head, shape=_SHAPE)
    parameters = _parameters(document)
    identifier = document.get("id", "")
    if not isinstance(identifier, str):
        raise _unfit("id", "it is text")
    inputs = document.get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(one, dict) for one in inputs):
        raise _unfit("inputs", f"a request is {_SHAPE}")
    binary = parameters.get("binary_data_output") is True
    return Inference(
        id=identifier,
        inputs=_tensors(inputs, tail),
        outputs=_wanted(document.get("outputs"), binary=binary),
        binary=binary,
    )


def _tensors(inputs: list[dict[str, Any]], tail: bytes) -> list[Tensor]:
    tensors = []
    at = 0
    for one in inputs:
        name, datatype, shape = read_head(one.get("name"), one.get("datatype"), one.get("shape"))
        parameters = _parameters(one)
        if any(key in parameters for key in _ELSEWHERE):
            raise misfit(name, "it lies in shared memory", "send its values in the request")
        size = parameters.get("binary_data_size")
        if size is None:
            tensors.append(read_json(name, datatype, shape, one.get("data")))
            continue
        if type(size) is not int or not 0 <= size <= len(tail) - at:
            raise misfit(
                name,
                f"its binary_data_size is {size!r:.40}, and {len(tail) - at} bytes are left",
                "send the bytes of all binary tensors behind the JSON, in order",
            )
        tensors.append(read_binary(name, datatype, shape, tail[at : at + size]))
        at += size
    if at != len(tail):
        raise UsageError(
            f"{len(tail) - at} bytes behind the JSON belong to no tensor",
            why="each binary tensor names its size as the parameter binary_data_size",
            now="send the sizes of all",
        )
    names = [tensor.name for tensor in tensors]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise misfit(twice[0], "it is there twice", "send each column once")
    return tensors


def _wanted(outputs: Any, *, binary: bool) -> list[Wanted] | None:
    if outputs is None or outputs == []:
        return None
    if not isinstance(outputs, list):
        raise _unfit("outputs", 'it is a list of {"name": …}')
    wanted = []
    for one in outputs:
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            raise _unfit("outputs", 'it is a list of {"name": …}')
        parameters = _parameters(one)
        if any(key in parameters for key in _ELSEWHERE):
            raise misfit(one["name"], "it is wanted in shared memory", "read it from the answer")
        if parameters.get("classification"):
            raise misfit(
                one["name"],
                "the classification extension is not spoken here",
                "ask for the output 'probabilities'",
            )
        wanted.append(
            Wanted(name=one["name"], binary=parameters.get("binary_data", binary) is True)
        )
    return wanted


def _parameters(document: dict[str, Any]) -> dict[str, Any]:
    parameters = document.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise _unfit("parameters", "it is an object")
    return parameters


def _divided(request: Request, body: bytes) -> tuple[bytes, bytes]:
    """Return the JSON and the binary part of a body."""
    told = request.headers.get(HEADER_LENGTH)
    if told is None:
        return body, b""
    length = int(told) if told.isdigit() and len(told) < 20 else -1  # noqa: PLR2004 (digits of 2**64)
    if not 0 <= length <= len(body):
        raise UsageError(
            f"the header Inference-Header-Content-Length is {told.decode('latin-1')!r:.40}",
            why=f"the body has {len(body)} bytes, and it says how many of them are JSON",
            now="send the length of the JSON",
        )
    return body[:length], body[length:]


def _unfit(where: str, form: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"'{where}' is not of the form that it has to be",
        why=form,
        now=f"send {_SHAPE}",
        details={"field": where},
    )
