"""Conditions about how much is asked for."""

from dataclasses import dataclass

from keepwell.operations.loop.conditions.base import Condition, Finding
from keepwell.operations.loop.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadIs(Condition):
    """Holds if the load is `low`, `normal` or `high`; nothing holds where it is not known."""

    level: str

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        load = view.load
        if not load.level:
            return Finding(
                holds=False,
                reason="how high the load is is not known: too little was asked for so far",
            )
        numbers = {
            "requests_per_second": load.rate,
            "load_share": load.share,
            "load_against_usual": load.ratio,
        }
        return Finding(
            holds=load.level == self.level,
            reason=f"the load is {load.level}",
            numbers={name: value for name, value in numbers.items() if value is not None},
        )
