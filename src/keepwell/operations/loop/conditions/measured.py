"""Conditions about measured numbers."""

import operator
from collections.abc import Callable
from dataclasses import dataclass

from keepwell.operations.loop.conditions.base import Condition, Finding
from keepwell.operations.loop.view import View

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared(Condition):
    """Holds if a measured number is on the named side of a limit; what was not measured holds nothing."""

    measure: str
    operator: str
    limit: float

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        value = _value(view, self.measure)
        if value is None:
            return Finding(holds=False, reason=f"{self.measure} is not measured at present")
        holds = _COMPARE[self.operator](value, self.limit)
        said = f"{self.measure} {'is' if holds else 'is not'} {self.operator} {self.limit:g}"
        return Finding(holds=holds, reason=said, numbers={self.measure: value})


def _value(view: View, name: str) -> float | None:
    look = view.look
    if name == "labels":
        return float(view.labels)
    if name == "rows":
        return None if look is None else float(look.rows)
    if name == "load":
        return view.load.share
    return view.measures.get(name)
