"""From tensors to rows, and from answers to tensors."""

from collections.abc import Sequence
from typing import Any

import msgspec

from keepwell.core.errors import InvalidRequestError
from keepwell.core.records import Field
from keepwell.core.suggestions import did_you_mean
from keepwell.deployment.labels import class_names
from keepwell.deployment.server.inference_protocol.metadata import OUTPUTS, prediction_type
from keepwell.deployment.server.inference_protocol.reading import Wanted
from keepwell.deployment.server.inference_protocol.tensors import BYTES, Tensor, misfit
from keepwell.deployment.server.prediction import Answered
from keepwell.deployment.server.recording import document_of
from keepwell.deployment.server.snapshot import LiveEndpoint
from keepwell.features.written import written_reader

_MATRIX = 2


def instances_of(endpoint: LiveEndpoint, tensors: Sequence[Tensor]) -> list[dict[str, Any]]:
    """Return the rows of tensors: one a column, or a single matrix with all of them.

    Text is read as its column's type, and an empty one of a number stands for none, because a tensor of
    text has no other way to say so.

    Raises:
        InvalidRequestError: If the tensors are not of the same number of rows; names one.
    """
    signature = endpoint.routes[0].scorer.signature
    fields = signature.known
    names = {field.name for field in fields}
    if len(tensors) == 1 and tensors[0].name not in names and len(tensors[0].shape) == _MATRIX:
        return _matrix(tensors[0], signature.asked)
    rows = tensors[0].shape[0] if tensors else 0
    for tensor in tensors:
        if tensor.shape not in ((rows,), (rows, 1)):
            raise misfit(
                tensor.name,
                f"its shape is {list(tensor.shape)}, and '{tensors[0].name}' has {rows} rows",
                f"send [{rows}] or [{rows}, 1] for each column",
            )
    columns = {tensor.name: tensor.values for tensor in tensors}
    return _read(
        [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
        fields,
    )


def _read(rows: list[dict[str, Any]], fields: Sequence[Field]) -> list[dict[str, Any]]:
    """Return rows with their text read as its column's type."""
    read = written_reader(fields)
    result = []
    for row in rows:
        text = {name: value for name, value in row.items() if isinstance(value, str)}
        result.append(row | read(text) if text else row)
    return result


def _matrix(tensor: Tensor, fields: Sequence[Field]) -> list[dict[str, Any]]:
    names = [field.name for field in fields]
    rows, width = tensor.shape
    if width != len(names):
        raise misfit(
            tensor.name,
            f"it is no column, and has {width} columns where the model takes {len(names)}",
            did_you_mean(tensor.name, names) or f"the columns are: {', '.join(names)[:300]}",
        )
    cells = [tensor.values[at * width : (at + 1) * width] for at in range(rows)]
    return _read([dict(zip(names, row, strict=True)) for row in cells], fields)


def outputs_of(answered: Answered, wanted: Sequence[Wanted] | None) -> list[Tensor]:
    """Return the outputs that are wanted, in that order; all of them for None.

    Raises:
        InvalidRequestError: If there is none of a name.
    """
    document = document_of(answered.endpoint, answered.parts, logged=answered.logged)
    signature = answered.parts[0].part.route.scorer.signature
    rows = len(document["predictions"])
    kind = prediction_type(signature)
    said = document["predictions"]
    if signature.task.several:
        said = [msgspec.json.encode(one).decode() for one in said]
    made = {
        "predictions": Tensor(name="predictions", datatype=kind, shape=(rows,), values=said),
        "prediction_ids": Tensor(
            name="prediction_ids",
            datatype=BYTES,
            shape=(rows,),
            values=[one or "" for one in document["prediction_ids"]],
        ),
    }
    if "probabilities" in document:
        classes = class_names(signature)
        likely = document["probabilities"]
        made["probabilities"] = Tensor(
            name="probabilities",
            datatype="FP64",
            shape=(rows, len(classes)),
            values=[row.get(name, float("nan")) for row in likely for name in classes],
        )
    if wanted is None:
        return [made[name] for name in OUTPUTS if name in made]
    return [made[one.name] for one in wanted]


def check_outputs(endpoint: LiveEndpoint, wanted: Sequence[Wanted] | None) -> None:
    """Refuse outputs that a model does not have, before anything is predicted.

    Raises:
        InvalidRequestError: Names the first.
    """
    regression = not endpoint.routes[0].scorer.signature.classes
    known = [name for name in OUTPUTS if not (regression and name == "probabilities")]
    for one in wanted or ():
        if one.name not in known:
            raise InvalidRequestError(
                f"'{endpoint.name}' has no output '{one.name:.80}'",
                why=f"its outputs are: {', '.join(known)}",
                now=did_you_mean(one.name, known) or "leave `outputs` out to get all",
                details={"output": one.name},
            )
