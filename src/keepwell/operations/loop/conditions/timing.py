"""Conditions about what time it is, and what happened when."""

from dataclasses import dataclass
from datetime import UTC, datetime

from keepwell.core.durations import format_duration
from keepwell.core.errors import UsageError
from keepwell.operations.loop.conditions.base import Condition, Finding
from keepwell.operations.loop.conditions.schedule import Schedule
from keepwell.operations.loop.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class CooldownPassed(Condition):
    """Holds if the last retraining was decided at least `loop.retrain.cooldown` ago."""

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        cooldown = view.policy.loop.retrain.cooldown
        last = view.retrained(now)
        if last is None:
            return Finding(holds=True, reason="there was no retraining yet")
        ends = last + cooldown
        holds = now >= ends
        said = f"the cooldown of {format_duration(cooldown)} "
        return Finding(
            holds=holds,
            reason=said
            + (f"ended at {clock_time(ends)}" if holds else f"ends at {clock_time(ends)}"),
            numbers={"seconds_since_retraining": round(now - last, 3), "cooldown": cooldown},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleDue(Condition):
    """Holds if `loop.retrain.schedule` fired since the champion or a challenger was last trained.

    Times that passed while nothing ran count once, not once each.
    """

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        text = view.policy.loop.retrain.schedule
        if not (text and view.policy.trains):
            return Finding(holds=False, reason="there is no schedule")
        try:
            fired = Schedule.parse(text).before(now)
        except UsageError as error:
            return Finding(holds=False, reason=f"{error.what}: {error.why}")
        last = max(view.moment(view.champion.created, now), view.retrained(now) or 0.0)
        if fired <= last:
            return Finding(holds=False, reason="the schedule is not due")
        return Finding(
            holds=True,
            reason=f"the schedule '{text}' was due at {clock_time(fired)}",
            numbers={"due": fired},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentDeployment(Condition):
    """Holds if the routes changed less than `seconds` ago: what is seen may be of the change."""

    seconds: float

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        last = view.last_deployment
        if last is None or now - view.moment(last, now) >= self.seconds:
            return Finding(holds=False, reason="there was no deployment just now")
        return Finding(
            holds=True,
            reason=f"a deployment at {clock_time(last)} has to settle",
            numbers={"seconds_since_deployment": round(now - last, 3)},
        )


def clock_time(time: float) -> str:
    """Return a time as `2026-03-01 14:05 UTC`."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M UTC")
