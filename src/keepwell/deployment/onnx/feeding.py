"""From canonical columns to the inputs of a graph."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import InvalidDataError, InvalidRequestError
from keepwell.core.records import ColumnType, Field, Signature

if TYPE_CHECKING:
    from numpy.typing import NDArray

STRING = "tensor(string)"
_TEXTUAL = (ColumnType.CATEGORY, ColumnType.TEXT, ColumnType.IMAGE)
_TYPES: dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(int16)": np.int16,
    "tensor(int8)": np.int8,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
    STRING: np.object_,
}
_MATRIX = 2  # dimensions of rows by columns


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slot:
    """One input of the graph and the columns that fill it."""

    name: str
    type: Any
    columns: tuple[int, ...]
    flat: bool  # takes a vector in place of a matrix


class Feeder:
    """Fills a graph's inputs: one a column, found by name, or one matrix of all columns.

    Args:
        inputs: The session's inputs.
        signature: What the model takes.

    Raises:
        InvalidDataError: If inputs and columns do not fit together; names them.
    """

    def __init__(self, inputs: Sequence[Any], signature: Signature) -> None:
        names = [field.name for field in signature.inputs]
        types = [_type(item) for item in inputs]
        places = _places(inputs, names)
        self.rows_at_once = _rows_at_once(inputs)
        self._fields = signature.inputs
        self._slots = [
            _Slot(
                name=item.name,
                type=kind,
                columns=tuple(columns),
                flat=len(item.shape) == 1,
            )
            for item, kind, columns in zip(inputs, types, places, strict=True)
        ]
        for slot in self._slots:
            _must_suit(slot, [signature.inputs[at] for at in slot.columns])

    def plan(self) -> list[dict[str, Any]]:
        """Return how the inputs are filled, as plain data: for a scorer that stands on its own."""
        return [
            {
                "name": slot.name,
                "type": np.dtype(slot.type).name,
                "columns": list(slot.columns),
                "flat": slot.flat,
            }
            for slot in self._slots
        ]

    def feed(self, columns: "Sequence[NDArray[Any]]") -> dict[str, "NDArray[Any]"]:
        """Return what `session.run` takes.

        Raises:
            InvalidRequestError: If a value is missing where the graph has no way to say so.
        """
        fed = {}
        for slot in self._slots:
            parts = [self._cast(columns[at], slot.type, at) for at in slot.columns]
            if slot.flat:
                fed[slot.name] = parts[0]
            elif len(parts) == 1:
                fed[slot.name] = parts[0].reshape(-1, 1)
            else:
                fed[slot.name] = np.column_stack(parts)
        return fed

    def _cast(self, column: "NDArray[Any]", kind: Any, at: int) -> "NDArray[Any]":
        if kind is np.object_:
            if column.dtype.kind == "O":
                return np.array(["" if value is None else value for value in column], dtype=object)
            return np.array([_written(value) for value in column.tolist()], dtype=object)
        if not issubclass(kind, np.floating) and np.isnan(column).any():
            field = self._fields[at]
            raise InvalidRequestError(
                f"column '{field.name}' is missing in instance {int(np.isnan(column).argmax())}",
                why="the model takes whole numbers there, which have no way to say 'missing'",
                now=f"send a {field.type.value} for '{field.name}'",
                details={"column": field.name, "instance": int(np.isnan(column).argmax())},
            )
        with np.errstate(over="ignore"):
            return column.astype(kind)


def _written(number: float) -> str:
    return f"{number:.15g}" if number == number else ""  # noqa: PLR0124 (nan)


def columns_taken(inputs: Sequence[Any], names: list[str]) -> list[str]:
    """Return those of the columns that a graph takes, in their own order.

    Raises:
        InvalidDataError: If it takes something that is not there.
    """
    taken = {at for places in _places(inputs, names) for at in places}
    return [name for at, name in enumerate(names) if at in taken]


def _must_suit(slot: _Slot, fields: Sequence[Field]) -> None:
    textual = [field for field in fields if field.type in _TEXTUAL]
    if textual and slot.type is not np.object_:
        raise InvalidDataError(
            f"column '{textual[0].name}' holds text, and the model takes numbers for '{slot.name}'",
            why="what turns the text into numbers is not part of the model",
            now="export it together with its encoder, or give the encoded column",
        )


def _type(item: Any) -> Any:
    kind = _TYPES.get(item.type)
    if kind is None or len(item.shape) > _MATRIX:
        raise InvalidDataError(
            f"the input '{item.name}' of the model is a {item.type} of {len(item.shape)} dimensions",
            why="rows of a table fill inputs of one value a row, or one matrix of all columns",
            now="export the model so that it takes a table",
        )
    return kind


def _places(inputs: Sequence[Any], names: list[str]) -> list[list[int]]:
    """Return the positions of the columns that fill each input."""
    known = {name: at for at, name in enumerate(names)}
    plain: dict[str, int] = {}
    for name, at in known.items():  # converters write `age_years` for `age years`
        plain.setdefault(_plain(name), at)
    found = [known.get(item.name, plain.get(_plain(item.name))) for item in inputs]
    by_name = [[at] for at in found if at is not None]
    wide = len(inputs) == 1 and _width(inputs[0]) not in (1, None)
    if len(by_name) == len(inputs) and not wide:
        return by_name
    if len(inputs) == 1:
        width = _width(inputs[0])
        if width in (None, len(names)):
            return [list(range(len(names)))]
        raise InvalidDataError(
            f"the model takes a matrix of {width} columns, the rows have {len(names)}",
            why=f"the columns, target aside, are {', '.join(names[:20])}",
            now="give rows with exactly the columns that the model was fitted on, in its order",
        )
    lacking = [item.name for item, at in zip(inputs, found, strict=True) if at is None]
    raise InvalidDataError(
        f"the model takes an input '{lacking[0]}', which the rows do not have",
        why=f"its inputs are {', '.join(item.name for item in inputs[:20])}; "
        f"the columns, target aside, are {', '.join(names[:20])}",
        now="name the columns as the model's inputs",
    )


def _plain(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _width(item: Any) -> int | None:
    """Return how many columns an input takes; None if the graph leaves it open."""
    if len(item.shape) < _MATRIX:
        return 1
    width = item.shape[1]
    return width if isinstance(width, int) else None


def _rows_at_once(inputs: Sequence[Any]) -> int | None:
    """Return how many rows the graph takes at a time; None if any number."""
    fixed = {item.shape[0] for item in inputs if item.shape and isinstance(item.shape[0], int)}
    if not fixed:
        return None
    if fixed != {1}:
        raise InvalidDataError(
            f"the model takes exactly {max(fixed)} rows at a time",
            why="a request has as many rows as it has",
            now="export it with a dynamic batch dimension, or one of 1",
        )
    return 1
