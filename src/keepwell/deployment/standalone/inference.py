"""The Open Inference Protocol, version 2, over JSON: tensors in, one for each column; tensors out.

{"inputs": [{"name": "age", "shape": [2], "datatype": "FP64", "data": [41, 29]}, …]}
{"outputs": [{"name": "prediction", "shape": [2], "datatype": "BYTES", "data": ["No", "Yes"]},
{"name": "probabilities", "shape": [2, 2], "datatype": "FP64", "data": [0.9, …]}]}
"""

import math
from typing import Any

import msgspec

from keepwell.core.errors import InvalidRequestError, UsageError
from keepwell.core.records import ColumnType
from keepwell.core.suggestions import did_you_mean
from keepwell.deployment.standalone.model import StandaloneModel

_DATATYPES = {
    ColumnType.NUMBER: "FP64",
    ColumnType.INTEGER: "INT64",
    ColumnType.BOOLEAN: "BOOL",
}


class _Tensor(msgspec.Struct):
    name: str
    shape: list[int]
    datatype: str
    data: list[Any]


class _Wanted(msgspec.Struct):
    name: str


class _Request(msgspec.Struct):
    inputs: list[_Tensor]
    outputs: list[_Wanted] = []
    id: str = ""


def metadata(model: StandaloneModel) -> dict[str, Any]:
    """Return what the protocol tells of a model."""
    card = model.card
    outputs = [{"name": "prediction", "datatype": _datatype_of_answer(model), "shape": [-1]}]
    if card.signature.classes:
        shape = [-1, len(card.signature.classes)]
        outputs.append({"name": "probabilities", "datatype": "FP64", "shape": shape})
    return {
        "name": card.endpoint,
        "versions": [str(card.version)],
        "platform": "keepwell",
        "inputs": [
            {"name": item.name, "datatype": _DATATYPES.get(item.type, "BYTES"), "shape": [-1]}
            for item in card.signature.inputs
        ],
        "outputs": outputs,
    }


def infer(model: StandaloneModel, body: bytes) -> dict[str, Any]:
    """Return the answer to an inference request.

    Raises:
        UsageError: If the body is not JSON.
        InvalidRequestError: If it is no request of the protocol, or does not fit the model.
    """
    try:
        request = msgspec.json.decode(body, type=_Request)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(
            f"the body is no inference request: {error}",
            why="it is an object with the list 'inputs', a tensor of JSON data for each column",
            now="send the data in the body: binary tensors are not taken here",
        ) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise UsageError("the body is not JSON", why=str(error), now="send JSON") from None
    wanted = _wanted(model, request)
    scores = model.scores(_instances(request.inputs))
    rows = len(scores.predictions)
    kind = _datatype_of_answer(model)
    predictions = [str(label) for label in scores.predictions] if kind == "BYTES" else None
    outputs: list[dict[str, Any]] = [
        {
            "name": "prediction",
            "datatype": kind,
            "shape": [rows],
            "data": predictions or scores.predictions,
        }
    ]
    if scores.probabilities is not None:
        outputs.append(
            {
                "name": "probabilities",
                "datatype": "FP64",
                "shape": list(scores.probabilities.shape),
                "data": scores.probabilities.ravel().tolist(),
            }
        )
    answer: dict[str, Any] = {
        "model_name": model.card.endpoint,
        "model_version": str(model.card.version),
        "outputs": [item for item in outputs if item["name"] in wanted],
    }
    return answer | ({"id": request.id} if request.id else {})


def _wanted(model: StandaloneModel, request: _Request) -> set[str]:
    """Return the names of the outputs that are asked for; all, where none is."""
    known = [item["name"] for item in metadata(model)["outputs"]]
    for item in request.outputs:
        if item.name not in known:
            raise InvalidRequestError(
                f"the model has no output '{item.name}'",
                why=f"it has: {', '.join(known)}",
                now=did_you_mean(item.name, known) or "leave `outputs` out for all of them",
            )
    return {item.name for item in request.outputs} or set(known)


def _flat(data: list[Any]) -> list[Any]:
    """Return a tensor's values in their order, however they are nested."""
    while data and isinstance(data[0], list):
        data = [
            value for inner in data for value in (inner if isinstance(inner, list) else [inner])
        ]
    return data


def _instances(tensors: list[_Tensor]) -> list[dict[str, Any]]:
    if not tensors:
        return []
    columns = [_flat(tensor.data) for tensor in tensors]
    rows = len(columns[0])
    for tensor, values in zip(tensors, columns, strict=True):
        if math.prod(tensor.shape) != len(values) or len(values) != rows:
            raise InvalidRequestError(
                f"the tensor '{tensor.name}' has {len(values)} values for the shape {tensor.shape}",
                why=f"every column has one value a row, and '{tensors[0].name}' has {rows}",
                now=f"send the shape [{rows}], or [{rows}, 1]",
                details={"column": tensor.name},
            )
    names = [tensor.name for tensor in tensors]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _datatype_of_answer(model: StandaloneModel) -> str:
    signature = model.card.signature
    if signature.task.numeric:
        return "FP64"
    kinds = {type(label) for label in signature.classes}
    if kinds == {bool}:
        return "BOOL"
    if kinds == {int}:
        return "INT64"
    return "FP64" if kinds <= {int, float} else "BYTES"
