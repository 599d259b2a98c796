"""`PowerTransformer`: a power of each number that makes a column look normal."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Data
from keepwell.deployment.scoring.steps.matrix import not_a_number, numbers, numeric

if TYPE_CHECKING:
    from numpy.typing import NDArray


_EPSILON = float(np.spacing(1.0))
_LOG_ONLY = 1e-19  # a Box-Cox power below this is none
_LARGEST = 709.78  # log of the largest float


class Power:
    """Raises each column to its power, then shifts and scales it.

    Args:
        positive: Box-Cox, which takes positive numbers only; else Yeo-Johnson.
        powers: By column.
        mean: Subtracted, by column; null for no standardisation.
        scale: Then divided by, by column.
    """

    def __init__(
        self,
        *,
        positive: bool,
        powers: list[float],
        mean: list[float] | None,
        scale: list[float] | None,
    ) -> None:
        self._raise = _box_cox if positive else _yeo_johnson
        width = len(powers)
        self._columns = list(
            zip(powers, mean or [0.0] * width, scale or [1.0] * width, strict=True)
        )

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the powers and, if it standardises, the moments."""
        scaler = fitted._scaler if fitted.standardize else None
        return {
            "positive": fitted.method == "box-cox",
            "powers": fitted.lambdas_.tolist(),
            "mean": None if scaler is None else scaler.mean_.tolist(),
            "scale": None if scaler is None else scaler.scale_.tolist(),
        }

    @numeric
    def row(self, values: list[float]) -> list[Any]:
        """Transform one row."""
        return [
            (self._raise(value, power) - mean) / scale
            for value, (power, mean, scale) in zip(values, self._columns, strict=True)
        ]

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Transform rows."""
        matrix = numbers(columns)
        for at, (power, mean, scale) in enumerate(self._columns):
            raised = [self._raise(value, power) for value in matrix[:, at].tolist()]
            matrix[:, at] = (np.array(raised) - mean) / scale
        return matrix


def _yeo_johnson(value: float, power: float) -> float:
    if value >= 0.0:
        if abs(power) < _EPSILON:
            return math.log1p(value)
        return _expm1(power * math.log1p(value)) / power
    if abs(power - 2.0) > _EPSILON:
        return -_expm1((2.0 - power) * math.log1p(-value)) / (2.0 - power)
    return -math.log1p(-value)


def _box_cox(value: float, power: float) -> float:
    if value <= 0.0:
        raise not_a_number(f"{value:g} has no logarithm")
    logarithm = math.log(value)
    if abs(power) < _LOG_ONLY:
        return logarithm
    if abs(power * logarithm) < _LARGEST:
        return math.expm1(power * logarithm) / power
    return math.copysign(1.0, power) * _exp(power * logarithm - math.log(abs(power))) - 1.0 / power


def _expm1(value: float) -> float:
    return math.inf if value > _LARGEST else math.expm1(value)


def _exp(value: float) -> float:
    return math.inf if value > _LARGEST else math.exp(value)
