"""Formulas calculated: for one row without a library, and for all rows of a matrix.

Law: both give the same. Whatever is not finite on the way is a gap in the end.
"""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from keepwell.core.formulas import Tree

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "log1p": math.log1p,
    "sqrt": math.sqrt,
}


def calculate(tree: Tree, values: Sequence[float]) -> float:
    """Return what a formula of positions makes of one row; nan where there is no answer."""
    try:
        return _value(tree, values)
    except (ZeroDivisionError, ValueError, OverflowError):
        return math.nan


def _value(tree: Tree, values: Sequence[float]) -> float:
    kind = tree[0]
    if kind == "column":
        answer = values[tree[1]]
    elif kind == "number":
        answer = tree[1]
    elif len(tree) == 2:  # noqa: PLR2004 - a function and its argument
        answer = _FUNCTIONS[kind](_value(tree[1], values))
    else:
        first, second = _value(tree[1], values), _value(tree[2], values)
        if kind == "+":
            answer = first + second
        elif kind == "-":
            answer = first - second
        else:
            answer = first * second if kind == "*" else first / second
    if not math.isfinite(answer):  # a gap anywhere is a gap in the end
        raise ValueError
    return answer


def calculate_all(tree: Tree, matrix: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return the same for the rows of a matrix."""
    import numpy as np

    with np.errstate(all="ignore"):
        return np.array(np.broadcast_to(_column(tree, matrix), len(matrix)), dtype=np.float64)


def _column(tree: Tree, matrix: "NDArray[np.float64]") -> Any:
    import numpy as np

    kind = tree[0]
    if kind == "column":
        answer: Any = matrix[:, tree[1]]
    elif kind == "number":
        answer = tree[1]
    elif len(tree) == 2:  # noqa: PLR2004 - a function and its argument
        answer = getattr(np, kind)(_column(tree[1], matrix))
    else:
        apply = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}[kind]
        answer = apply(_column(tree[1], matrix), _column(tree[2], matrix))
    return np.where(np.isfinite(answer), answer, np.nan)
