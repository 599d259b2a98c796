"""What counts as a gap."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Data, NotCompilableError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Gap:
    """Tells gaps from values.

    Args:
        kind: `nan`, `none`, `null` (either) or `value`.
        value: The value that stands for none, if the kind is `value`.
    """

    def __init__(self, *, kind: str, value: Any = None) -> None:
        self.kind, self.value = kind, value
        tests: dict[str, Callable[[Any], bool]] = {
            "nan": lambda cell: cell != cell,  # noqa: PLR0124 (true for nan alone)
            "none": lambda cell: cell is None,
            "null": lambda cell: cell is None or cell != cell,  # noqa: PLR0124
            "value": lambda cell: bool(cell == value),
        }
        self.is_gap = tests[kind]

    def mask(self, column: "NDArray[Any]") -> "NDArray[np.bool_]":
        """Return which cells of a column are gaps."""
        if self.kind == "nan":
            return np.asarray(column != column, dtype=bool)  # noqa: PLR0124
        if self.kind == "value" and column.dtype != object:
            return np.asarray(column == self.value, dtype=bool)
        return np.array([self.is_gap(cell) for cell in column.tolist()], dtype=bool)


def gap_of(fitted: Any) -> Data:
    """Return the arguments of `Gap` for an imputer or an indicator."""
    missing = fitted.missing_values
    if missing is None:
        return {"kind": "none"}
    if isinstance(missing, float) and math.isnan(missing):
        return {"kind": "nan"}
    if isinstance(missing, str | int | float):
        return {"kind": "value", "value": missing}
    if type(missing).__name__ == "NAType":
        return {"kind": "null"}
    raise NotCompilableError(f"{type(fitted).__name__} takes {missing!r} for missing")
