"""Tensors: a name, a type, a shape, and values in one flat list."""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepwell.core.errors import InvalidRequestError
from keepwell.core.suggestions import did_you_mean

BYTES = "BYTES"
NUMBERS = {
    "BOOL": "?",
    "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "<i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}
"""Datatypes of a fixed size, as NumPy names them."""

_LENGTH = struct.Struct("<I")
_MAX_DIMENSIONS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """A tensor, its values row by row."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: list[Any]


def read_json(name: str, datatype: str, shape: tuple[int, ...], data: Any) -> Tensor:
    """Return a tensor whose values came as JSON, flat or nested.

    Raises:
        InvalidRequestError: If there are more or fewer values than the shape says.
    """
    values = _flat(data, _MAX_DIMENSIONS) if isinstance(data, list) else None
    if values is None:
        raise misfit(name, "its data is no list", "send data: a list of values")
    return _checked(name, datatype, shape, values)


def read_binary(name: str, datatype: str, shape: tuple[int, ...], data: bytes) -> Tensor:
    """Return a tensor whose values came as bytes.

    Raises:
        InvalidRequestError: If there are more or fewer bytes than type and shape say.
    """
    if datatype == BYTES:
        return _checked(name, datatype, shape, _strings(name, data))
    kind = np.dtype(NUMBERS[datatype])
    if len(data) % kind.itemsize:
        raise misfit(name, f"{len(data)} bytes are no whole number of {datatype}", "send all bytes")
    values: list[Any] = np.frombuffer(data, dtype=kind).tolist()
    return _checked(name, datatype, shape, values)


def write_binary(tensor: Tensor) -> bytes:
    """Return a tensor's values as bytes."""
    if tensor.datatype == BYTES:
        encoded = [str(value).encode() for value in tensor.values]
        return b"".join(_LENGTH.pack(len(item)) + item for item in encoded)
    return np.array(tensor.values, dtype=NUMBERS[tensor.datatype]).tobytes()


def read_head(name: Any, datatype: Any, shape: Any) -> tuple[str, str, tuple[int, ...]]:
    """Return a tensor's name, type and shape, if they can be."""
    if not isinstance(name, str) or not name:
        raise misfit(
            "", "it has no name", 'send {"name": …, "datatype": …, "shape": […], "data": […]}'
        )
    if not isinstance(datatype, str) or (datatype != BYTES and datatype not in NUMBERS):
        known = [*NUMBERS, BYTES]
        raise misfit(
            name,
            f"its datatype is {datatype!r:.40}",
            did_you_mean(str(datatype), known) or f"send one of {', '.join(known)}",
        )
    if (
        not isinstance(shape, list)
        or not 1 <= len(shape) <= _MAX_DIMENSIONS
        or not all(type(size) is int and size >= 0 for size in shape)
    ):
        raise misfit(name, f"its shape is {shape!r:.40}", "send the number of rows: [4] or [4, 1]")
    return name, datatype, tuple(shape)


def misfit(name: str, why: str, now: str) -> InvalidRequestError:
    """Return a refusal of one tensor."""
    return InvalidRequestError(
        f"the tensor '{name:.80}' cannot be read", why=why, now=now, details={"tensor": name}
    )


def _checked(name: str, datatype: str, shape: tuple[int, ...], values: Sequence[Any]) -> Tensor:
    wanted = math.prod(shape)
    if len(values) != wanted:
        raise misfit(
            name,
            f"it has {len(values)} values, and a shape of {list(shape)}, which is {wanted}",
            "send as many values as the shape says",
        )
    return Tensor(name=name, datatype=datatype, shape=shape, values=list(values))


def _flat(data: list[Any], depth: int) -> list[Any] | None:
    if not any(isinstance(item, list) for item in data):
        return data
    if not depth:
        return None
    result: list[Any] = []
    for item in data:
        inner = _flat(item, depth - 1) if isinstance(item, list) else None
        if inner is None:
            return None
        result += inner
    return result


def _strings(name: str, data: bytes) -> list[str]:
    values = []
    at = 0
    while at < len(data):
        if at + _LENGTH.size > len(data):
            raise misfit(
                name, "its bytes end within a length", "send 4 bytes of length, then the text"
            )
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if at + length > len(data):
            raise misfit(
                name, "its bytes end within a text", "send 4 bytes of length, then the text"
            )
        try:
            values.append(data[at : at + length].decode())
        except UnicodeDecodeError as error:
            raise misfit(name, f"value {len(values)} is not UTF-8: {error}", "send UTF-8") from None
        at += length
    return values
