"""Conditions about how long another one has held: counted in looks, not in seconds."""

from dataclasses import dataclass, replace

from keepwell.operations.loop.conditions.base import Condition, Finding
from keepwell.operations.loop.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting(Condition):
    """Holds if its part held at each of the last `looks` looks."""

    part: Condition
    looks: int

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        finding = self.part.check(view, now)
        earlier: View | None = view
        for seen in range(self.looks):
            if earlier is None or not self.part.check(earlier, now).holds:
                numbers = {**finding.numbers, "looks": seen, "looks_needed": self.looks}
                return replace(finding, holds=False, numbers=numbers)
            earlier = earlier.earlier()
        return finding


@dataclass(frozen=True, slots=True, kw_only=True)
class NewlyTrue(Condition):
    """Holds at the one look at which its part begins to hold."""

    part: Condition

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        finding = self.part.check(view, now)
        before = view.earlier()
        was = before is not None and self.part.check(before, now).holds
        return replace(finding, holds=finding.holds and not was)
