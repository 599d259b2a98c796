"""Columns side by side, and cells as numbers."""

import math
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from keepwell.core.errors import InvalidRequestError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keepwell.deployment.scoring.parts import Columns

Self = TypeVar("Self")


def side_by_side(columns: "Columns", rows: int) -> "NDArray[Any]":
    """Return a matrix of columns that hold `rows` values: float64, or objects if any of them does."""
    kind = object if any(column.dtype == object for column in columns) else np.float64
    matrix = np.empty((rows, len(columns)), dtype=kind)
    for position, column in enumerate(columns):
        matrix[:, position] = column
    return matrix


def abreast(matrices: "list[NDArray[Any]]", rows: int) -> "NDArray[Any]":
    """Return one matrix of matrices that have `rows` rows."""
    if any(matrix.dtype == object for matrix in matrices):
        return side_by_side([column for matrix in matrices for column in matrix.T], rows)
    return np.hstack(matrices) if matrices else np.empty((rows, 0))


def numbers(columns: "Columns") -> "NDArray[np.float64]":
    """Return a new matrix of columns as floats, numeric text read as scikit-learn reads it."""
    matrix = side_by_side(columns, len(columns[0]))
    try:
        return matrix.astype(np.float64, copy=False)
    except ValueError as error:
        raise not_a_number(str(error)) from None


def numeric(
    row: Callable[[Self, list[float]], list[Any]],
) -> Callable[[Self, list[Any]], list[Any]]:
    """Let the `row` of a step of numbers take numeric text and None too, which are not the rule."""

    @wraps(row)
    def lenient(self: Self, values: list[Any]) -> list[Any]:
        try:
            return row(self, values)
        except TypeError:
            return row(self, [_number(value) for value in values])

    return lenient


def _number(value: Any) -> float:
    try:
        return math.nan if value is None else float(value)
    except ValueError as error:
        raise not_a_number(str(error)) from None


def not_a_number(problem: str) -> InvalidRequestError:
    """Return the refusal of text where the model calculates."""
    return InvalidRequestError(
        f"a value is not a number: {problem:.120}",
        why="the model calculates with that column",
        now="send a number",
    )


def refuse_gap() -> InvalidRequestError:
    """Return the refusal of a gap where the original has no answer to one."""
    return InvalidRequestError(
        "a value is missing where the model needs one",
        why="it was fitted on rows without gaps, and has no rule for them",
        now="send every value",
    )
