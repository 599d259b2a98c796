"""`FunctionTransformer` of a NumPy function of one number: `np.log1p`, `np.sqrt` and their like, by name."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Data, NotCompilableError
from keepwell.deployment.scoring.steps.matrix import numbers, numeric, side_by_side

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PLAIN: dict[str, Callable[[float], float]] = {
    "absolute": abs,
    "cos": math.cos,
    "exp": math.exp,
    "expm1": math.expm1,
    "log": math.log,
    "log10": math.log10,
    "log1p": math.log1p,
    "log2": math.log2,
    "sin": math.sin,
    "sqrt": math.sqrt,
    "square": lambda value: value * value,
    "tanh": math.tanh,
}


class Elementwise:
    """Applies one function to every number.

    Args:
        function: Its name in NumPy; null for none.
    """

    def __init__(self, *, function: str | None) -> None:
        self._function: Any = None if function is None else _ufunc(function)
        self._plain = _PLAIN.get(function or "")

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the function's name; any other code is not compiled."""
        function = fitted.func
        if function is None:
            return {"function": None}
        name = getattr(function, "__name__", "")
        if fitted.kw_args or _ufunc(name) is not function:
            raise NotCompilableError(f"FunctionTransformer calls {function!r}")
        return {"function": name}

    def row(self, values: list[Any]) -> list[Any]:
        """Apply it to one row."""
        return values if self._function is None else self._row(values)

    @numeric
    def _row(self, values: list[float]) -> list[Any]:
        if self._plain is not None:
            try:
                return [self._plain(value) for value in values]
            except (ValueError, OverflowError):  # where NumPy answers nan or inf
                pass
        with np.errstate(all="ignore"):
            return [float(self._function(value * 1.0)) for value in values]

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Apply it to rows."""
        if self._function is None:
            return side_by_side(columns, len(columns[0]))
        with np.errstate(all="ignore"):
            return np.asarray(self._function(numbers(columns)), dtype=np.float64)


def _ufunc(name: str) -> Any:
    """Return NumPy's function of one number with that name; None if there is none."""
    function = getattr(np, name, None) if name.isidentifier() else None
    takes_one = isinstance(function, np.ufunc) and (function.nin, function.nout) == (1, 1)
    return function if takes_one else None
