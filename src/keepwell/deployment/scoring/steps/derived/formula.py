"""`Formula`: a number calculated from others of the row."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.fusion import Code, Item
from keepwell.deployment.scoring.parts import Columns, Data
from keepwell.deployment.scoring.steps.matrix import numbers, numeric
from keepwell.features.made.calculation import calculate, calculate_all

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Calculation:
    """Calculates one number per row; nan where there is no answer.

    Args:
        tree: The formula, over positions.
    """

    def __init__(self, *, tree: list[Any]) -> None:
        self._tree = tree

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the formula."""
        return {"tree": json.loads(fitted.tree)}

    @numeric
    def row(self, values: list[float]) -> list[Any]:
        """Calculate one row."""
        return [calculate(self._tree, [value * 1.0 for value in values])]

    def emit(self, code: Code, columns: list[str]) -> list[Item]:
        """Write one call."""
        call, tree = code.constant(_of_row), code.constant(self._tree)
        return [Item(f"{call}({tree}, [{', '.join(columns)}])")]

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Calculate rows."""
        return np.asarray(calculate_all(self._tree, numbers(columns)))[:, None]


def _of_row(tree: list[Any], values: list[Any]) -> float:
    return calculate(tree, [value * 1.0 for value in values])
