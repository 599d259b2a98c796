"""A module, eager or scripted, as something that takes columns and gives answers."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import InvalidDataError
from keepwell.core.records import ColumnType, Signature
from keepwell.deployment.onnx.reading import Described
from keepwell.features.decoding import Decoder
from keepwell.features.networks.writing import torch_library

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

_TEXTUAL = (ColumnType.CATEGORY, ColumnType.TEXT, ColumnType.IMAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One tensor that a module gives, described as onnxruntime describes its own."""

    name: str
    type: str
    shape: tuple[int | None, ...]


def at_rest(module: Any) -> Any:
    """Return a copy of a module on the CPU that answers instead of learning."""
    import copy

    return copy.deepcopy(module).cpu().eval()


def argument_names(module: Any, signature: Signature) -> tuple[str, ...]:
    """Return the columns that a module takes as arguments of their own; none if it takes a matrix.

    Raises:
        InvalidDataError: If its arguments are neither, or a column holds text.
    """
    textual = [field.name for field in signature.inputs if field.type in _TEXTUAL]
    if textual:
        raise InvalidDataError(
            f"column '{textual[0]}' holds text, and a PyTorch module takes numbers",
            why="what turns the text into numbers is not part of the module",
            now="give the encoded column, or register an ONNX model with its encoder inside",
        )
    names = [field.name for field in signature.inputs]
    given = [
        parameter.name
        for parameter in inspect.signature(module.forward).parameters.values()
        if parameter.default is inspect.Parameter.empty and parameter.kind not in _OPEN
    ]
    if len(given) == 1:
        return ()
    if sorted(given) == sorted(names):
        return tuple(given)
    raise InvalidDataError(
        f"{type(module).__name__}.forward takes {', '.join(given) or 'nothing'}",
        why="it is called with one matrix of all columns, or with the columns "
        f"{', '.join(names[:20])}",
        now="wrap it in a module whose forward takes one matrix",
    )


_OPEN = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def tensors_of(
    columns: "Sequence[NDArray[Any]]", signature: Signature, arguments: Sequence[str]
) -> list[Any]:
    """Return what a module is called with."""
    torch = torch_library()
    with np.errstate(over="ignore"):
        single = [np.asarray(column, dtype=np.float32) for column in columns]
    if not arguments:
        return [torch.from_numpy(np.column_stack(single))]
    places = [field.name for field in signature.inputs]
    return [
        torch.from_numpy(single[places.index(name)].reshape(-1, 1).copy()) for name in arguments
    ]


def run(program: Any, given: list[Any]) -> list["NDArray[Any]"]:
    """Return the tensors that a module gives, as arrays."""
    torch = torch_library()
    with torch.inference_mode():
        said = program(*given)
    if isinstance(said, dict):
        said = list(said.values())
    tensors = list(said) if isinstance(said, tuple | list) else [said]
    arrays: list[NDArray[Any]] = [one.numpy() for one in tensors if isinstance(one, torch.Tensor)]
    if not arrays:
        raise InvalidDataError(
            f"the module gives a {type(said).__name__}",
            why="a tensor of one row per row is wanted",
            now="return the scores from forward",
        )
    return arrays


def outputs_of(arrays: "Sequence[NDArray[Any]]") -> list[Output]:
    """Describe what a module gave."""
    return [
        Output(
            name=f"output_{at}",
            type="tensor(float)" if array.dtype.kind == "f" else "tensor(int64)",
            shape=(None, *array.shape[1:]),
        )
        for at, array in enumerate(arrays)
    ]


def describe_module(module: Any, signature: Signature, sample: "pa.Table") -> Described:
    """Return what a module gives, by asking it.

    Raises:
        InvalidDataError: If it does not take the rows.
    """
    frame = Decoder(signature, lenient=True).table(sample)
    columns = [frame[field.name].to_numpy() for field in signature.inputs]
    resting = at_rest(module)
    given = tensors_of(columns, signature, argument_names(module, signature))
    try:
        outputs = outputs_of(run(resting, given))
    except RuntimeError as error:
        raise InvalidDataError(
            f"{type(module).__name__} does not take the rows",
            why=str(error).strip().splitlines()[0][:300],
            now="give rows with exactly the columns that it was trained on, in their order",
        ) from error
    scores = [item for item in outputs if item.type == "tensor(float)"]
    labels = any(item.type != "tensor(float)" for item in outputs)
    shape = scores[0].shape if scores else ()
    wide = shape[1] if len(shape) > 1 else 1 if shape else None
    names = tuple(field.name for field in signature.inputs)
    return Described(classes=(), labels=labels, width=wide, columns=names)
