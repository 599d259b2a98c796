"""Between the messages of gRPC and the bodies of HTTP: the protocol is the same, the wire is not."""

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keepwell.core.errors import InvalidRequestError
from keepwell.deployment.server.inference_protocol.descriptors import message
from keepwell.deployment.server.inference_protocol.tensors import BYTES, NUMBERS, misfit

_CONTENTS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    BYTES: "bytes_contents",
}
_LENGTH = struct.Struct("<I")


def request_body(asked: Any) -> tuple[bytes, int]:
    """Return the body of the HTTP request that a `ModelInferRequest` is, and the length of its JSON.

    Raises:
        InvalidRequestError: If a tensor's contents are not there, or there twice.
    """
    raw: Sequence[bytes] = asked.raw_input_contents
    if raw and len(raw) != len(asked.inputs):
        raise InvalidRequestError(
            f"there are {len(asked.inputs)} inputs and {len(raw)} raw_input_contents",
            why="each input has its own, in their order",
            now="send as many as there are inputs",
        )
    inputs, pieces = [], []
    for at, tensor in enumerate(asked.inputs):
        if raw and tensor.HasField("contents"):
            raise misfit(
                tensor.name, "it has contents and raw_input_contents", "send one of the two"
            )
        piece = raw[at] if raw else _packed(tensor)
        pieces.append(piece)
        inputs.append(
            {
                "name": tensor.name,
                "datatype": tensor.datatype,
                "shape": list(tensor.shape),
                "parameters": parameters_of(tensor.parameters) | {"binary_data_size": len(piece)},
            }
        )
    document: dict[str, Any] = {
        "inputs": inputs,
        "parameters": parameters_of(asked.parameters) | {"binary_data_output": True},
    }
    if asked.id:
        document["id"] = asked.id
    if asked.outputs:
        document["outputs"] = [
            {"name": one.name, "parameters": parameters_of(one.parameters) | {"binary_data": True}}
            for one in asked.outputs
        ]
    head = json.dumps(document).encode()
    return b"".join((head, *pieces)), len(head)


def infer_response(body: bytes, length: int) -> Any:
    """Return the `ModelInferResponse` that the body of an HTTP response is.

    Args:
        body: JSON, and binary tensors behind it.
        length: Of the JSON.
    """
    document = json.loads(body[:length])
    answer = message("ModelInferResponse")(
        model_name=document["model_name"],
        model_version=document["model_version"],
        id=document.get("id", ""),
    )
    for name, value in document.get("parameters", {}).items():
        answer.parameters[name].string_param = str(value)
    at = length
    for output in document["outputs"]:
        size = output["parameters"]["binary_data_size"]
        answer.outputs.add(name=output["name"], datatype=output["datatype"], shape=output["shape"])
        answer.raw_output_contents.append(body[at : at + size])
        at += size
    return answer


def parameters_of(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters as JSON has them."""
    found = {}
    for name, value in parameters.items():
        choice = value.WhichOneof("parameter_choice")
        if choice is not None:
            found[name] = getattr(value, choice)
    return found


def _packed(tensor: Any) -> bytes:
    """Return the typed contents of a tensor as bytes."""
    field = _CONTENTS.get(tensor.datatype)
    if field is None:
        raise misfit(
            tensor.name,
            f"{tensor.datatype!r:.40} has no typed contents",
            f"send raw_input_contents, or one of {', '.join(_CONTENTS)}",
        )
    values = getattr(tensor.contents, field)
    if tensor.datatype == BYTES:
        return b"".join(_LENGTH.pack(len(value)) + value for value in values)
    kind = np.dtype(NUMBERS[tensor.datatype])
    if kind.kind in "iu" and len(values):
        limits = np.iinfo(kind)
        if min(values) < limits.min or max(values) > limits.max:
            raise misfit(
                tensor.name,
                f"a value does not fit {tensor.datatype}",
                f"send numbers from {limits.min} to {limits.max}",
            )
    return np.array(values, dtype=kind).tobytes()
