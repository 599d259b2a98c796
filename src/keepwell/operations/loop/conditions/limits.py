"""Conditions about how much may be done, and when: `loop.limits`."""

from dataclasses import dataclass

from keepwell.core.durations import format_duration
from keepwell.core.rules import Hours
from keepwell.operations.loop.conditions.base import Condition, Finding
from keepwell.operations.loop.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class WithinHours(Condition):
    """Holds at the hours at which something may begin. What was begun goes on to its end at any time."""

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        text = view.policy.loop.limits.hours
        if not text:
            return Finding(holds=True, reason="it may begin at any time")
        holds = Hours.parse(text).hold(now)
        return Finding(
            holds=holds,
            reason=f"it is within {text} UTC"
            if holds
            else f"something may begin only {text} UTC (loop.limits.hours)",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomForTraining(Condition):
    """Holds while fewer retrainings than `loop.limits.concurrency` train, over all endpoints."""

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        allowed, running = view.policy.loop.limits.concurrency, view.training.running
        holds = running < allowed
        return Finding(
            holds=holds,
            reason="there is room for a retraining"
            if holds
            else f"as many retrainings as are allowed at a time ({allowed}) train at other endpoints"
            " (loop.limits.concurrency)",
            numbers={"retrainings_elsewhere": running, "retrainings_allowed": allowed},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLeft(Condition):
    """Holds if another retraining fits in what is left of `loop.limits.budget`."""

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        limits, wanted = view.policy.loop.limits, view.policy.retraining_budget
        if limits.budget is None:
            return Finding(holds=True, reason="training has no limit")
        numbers = {"training_used": round(view.training.used, 3), "training_budget": limits.budget}
        said = f"{format_duration(limits.budget)} per {format_duration(limits.per)}"
        if wanted > limits.budget:
            return Finding(
                holds=False,
                reason=f"one retraining ({format_duration(wanted)}) is more than the budget of {said}"
                " (loop.limits.budget)",
                numbers=numbers,
            )
        holds = view.training.used + wanted <= limits.budget
        return Finding(
            holds=holds,
            reason=f"the budget of {said} is not used up"
            if holds
            else f"another retraining would exceed the budget of {said} (loop.limits.budget)",
            numbers=numbers,
        )
