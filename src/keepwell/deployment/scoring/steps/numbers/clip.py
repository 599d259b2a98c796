"""`Clip` and `SignedLog`: outliers pulled in, and logarithms that keep the sign."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.fusion import Code, Item
from keepwell.deployment.scoring.parts import Columns, Data
from keepwell.deployment.scoring.steps.matrix import numbers, numeric

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ClipTo:
    """Pulls numbers in between two bounds.

    Args:
        low: Lower bounds, by column; null for none.
        high: Upper bounds, by column; null for none.
    """

    def __init__(self, *, low: list[float | None], high: list[float | None]) -> None:
        self._bounds = [
            (-math.inf if least is None else least, math.inf if most is None else most)
            for least, most in zip(low, high, strict=True)
        ]
        self._low = np.array([least for least, _ in self._bounds])
        self._high = np.array([most for _, most in self._bounds])

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the bounds."""
        return {
            "low": [value if math.isfinite(value) else None for value in fitted.low_.tolist()],
            "high": [value if math.isfinite(value) else None for value in fitted.high_.tolist()],
        }

    @numeric
    def row(self, values: list[float]) -> list[Any]:
        """Pull one row in."""
        return [
            least if value < least else most if value > most else value * 1.0
            for value, (least, most) in zip(values, self._bounds, strict=True)
        ]

    def emit(self, code: Code, columns: list[str]) -> list[Item]:
        """Write the comparisons."""
        one = code.constant(1.0)
        items = []
        for column, (least, most) in zip(columns, self._bounds, strict=True):
            low, high = code.constant(least), code.constant(most)
            items.append(
                Item(
                    f"({low} if {column} < {low} else {high} if {column} > {high} else {column} * {one})"
                )
            )
        return items

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Pull rows in."""
        return np.clip(numbers(columns), self._low, self._high)


class LogOfSize:
    """Gives log(1 + |x|) with the sign of x."""

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read nothing: nothing is learnt."""
        return {}

    @numeric
    def row(self, values: list[float]) -> list[Any]:
        """Take the logarithms of one row."""
        return [math.copysign(math.log1p(abs(value * 1.0)), value) for value in values]

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Take the logarithms of rows."""
        values = numbers(columns)
        return np.asarray(np.copysign(np.log1p(np.abs(values)), values))
