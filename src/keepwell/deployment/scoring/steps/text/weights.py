"""`TfidfTransformer`: counts, weighted by how rare a term is; its sums serve all the vectorizers."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Data, NotCompilableError
from keepwell.deployment.scoring.steps.matrix import numbers, numeric

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Weights:
    """Weighs the counts of terms.

    Args:
        sublinear: Counts grow as 1 + log(count).
        idf: Weight of each term; null for none.
        norm: `l1`, `l2`, `max` or null: what the weights of a text are divided by.
    """

    def __init__(self, *, sublinear: bool, idf: list[float] | None, norm: str | None) -> None:
        self._sublinear, self._idf, self._norm = sublinear, idf, norm

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the weights."""
        return weights_of(fitted)

    @numeric
    def row(self, values: list[float]) -> list[Any]:
        """Weigh one row of counts."""
        result = [0.0] * len(values)
        slots = [slot for slot, value in enumerate(values) if value != 0.0]
        weighed = self.weigh([values[slot] * 1.0 for slot in slots], slots)
        for slot, weight in zip(slots, weighed, strict=True):
            result[slot] = weight
        return result

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Weigh rows of counts."""
        matrix = numbers(columns)
        for at in range(len(matrix)):
            matrix[at] = self.row(matrix[at].tolist())
        return matrix

    def weigh(self, counts: list[float], slots: list[int]) -> list[float]:
        """Return the weights of the terms in `slots`, of which there are so many."""
        if self._sublinear:
            counts = [1.0 if count == 1.0 else _log(count) + 1.0 for count in counts]
        if self._idf is not None:
            counts = [w * self._idf[slot] for w, slot in zip(counts, slots, strict=True)]
        return scaled(counts, self._norm)


def scaled(weights: list[float], norm: str | None) -> list[float]:
    """Return weights over their length, which stay as they are if that is zero."""
    if norm == "l2":
        length = math.sqrt(sum([weight * weight for weight in weights]))
    elif norm == "l1":
        length = sum([abs(weight) for weight in weights])
    elif norm == "max":
        length = max([abs(weight) for weight in weights], default=0.0)
    else:
        return weights
    return [weight / length for weight in weights] if length else weights


def weights_of(fitted: Any) -> Data:
    """Return the arguments of `Weights` for a vectorizer or a transformer of counts."""
    idf = fitted.idf_ if getattr(fitted, "use_idf", False) else None
    if idf is not None and idf.dtype != np.float64:
        raise NotCompilableError(f"{type(fitted).__name__} weighs in {idf.dtype}")
    return {
        "sublinear": bool(getattr(fitted, "sublinear_tf", False)),
        "idf": None if idf is None else idf.tolist(),
        "norm": getattr(fitted, "norm", None),
    }


def _log(count: float) -> float:
    if count > 0.0:
        return math.log(count)
    return -math.inf if count == 0.0 else math.nan
