"""The target under another name: `churned` beside `Churn`, `price_cents` beside `price`."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.training.guards.evidence import Evidence
from keepwell.training.trained import Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FEWEST_ROWS = 20
_TINY = 1e-9


def copies(evidence: Evidence) -> list[Finding]:
    """Find columns that hold the target's values, relabelled or rescaled, in every row."""
    if len(evidence.actual) < _FEWEST_ROWS:
        return []
    return [
        Finding(
            column=name,
            message=f"'{name}' is the target '{evidence.target}' under another name",
            dropped=True,
            kind="copy",
            columns=(name,),
        )
        for name, values in {**evidence.numbers, **evidence.codes}.items()
        if _is_copy(values, evidence)
    ]


def _is_copy(values: "NDArray[Any]", evidence: Evidence) -> bool:
    if not evidence.task.numeric:
        return _one_to_one(values, evidence.actual)
    return values.dtype == np.float64 and _rescaled(values, evidence.actual)


def _one_to_one(values: "NDArray[Any]", actual: "NDArray[np.int64]") -> bool:
    """Tell whether each value goes with one class, and each class with one value."""
    classes = len(np.unique(actual))
    distinct, codes = np.unique(values, return_inverse=True)  # nan counts as one value
    if len(distinct) != classes:
        return False
    return len(np.unique(codes * (int(actual.max()) + 1) + actual)) == classes


def _rescaled(values: "NDArray[np.float64]", actual: "NDArray[np.float64]") -> bool:
    known = np.isfinite(values)
    if known.sum() < max(_FEWEST_ROWS, len(values) // 2):
        return False
    x, y = values[known] - values[known].mean(), actual[known] - actual[known].mean()
    squares = float(x @ x)
    if squares == 0.0:
        return False
    missed = y - x * (float(x @ y) / squares)
    return float(np.abs(missed).max()) <= _TINY * max(float(np.abs(y).max()), _TINY)
