"""What every condition is: an immutable value that looks at a view and says yes or no, and why."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from keepwell.operations.loop.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The answer of a condition.

    Attributes:
        holds: Yes or no.
        reason: Why, in words that stay the same as long as the situation does: no running numbers.
        numbers: The running numbers, JSON-ready.
    """

    holds: bool
    reason: str
    numbers: dict[str, Any] = field(default_factory=dict)


class Condition(ABC):
    """A question about a view. Conditions compose with `&`, `|` and `~`.

    Law: `check` depends on nothing but the view and the time that it is given; implementations are
    frozen, so a policy built of them can be shared, compared and printed.
    """

    @abstractmethod
    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""

    def __and__(self, other: "Condition") -> "Condition":
        return AllOf(parts=(*_parts(AllOf, self), *_parts(AllOf, other)))

    def __or__(self, other: "Condition") -> "Condition":
        return AnyOf(parts=(*_parts(AnyOf, self), *_parts(AnyOf, other)))

    def __invert__(self) -> "Condition":
        return self.part if isinstance(self, Not) else Not(part=self)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllOf(Condition):
    """Holds if every part does; else the reason is that of the parts that do not."""

    parts: tuple[Condition, ...]

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        findings = [part.check(view, now) for part in self.parts]
        return _joined(findings, holds=all(finding.holds for finding in findings))


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf(Condition):
    """Holds if some part does; the reason is that of the parts that do."""

    parts: tuple[Condition, ...]

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        findings = [part.check(view, now) for part in self.parts]
        return _joined(findings, holds=any(finding.holds for finding in findings))


@dataclass(frozen=True, slots=True, kw_only=True)
class Not(Condition):
    """Holds if its part does not, for the same reason."""

    part: Condition

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        finding = self.part.check(view, now)
        return Finding(holds=not finding.holds, reason=finding.reason, numbers=finding.numbers)


def _parts(kind: type[AllOf] | type[AnyOf], condition: Condition) -> tuple[Condition, ...]:
    return condition.parts if isinstance(condition, kind) else (condition,)


def _joined(findings: list[Finding], *, holds: bool) -> Finding:
    telling = [finding for finding in findings if finding.holds == holds]
    numbers: dict[str, Any] = {}
    for finding in findings:
        numbers.update(finding.numbers)
    return Finding(
        holds=holds,
        reason="; ".join(finding.reason for finding in telling),
        numbers=numbers,
    )
