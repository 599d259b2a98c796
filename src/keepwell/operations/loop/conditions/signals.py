"""Conditions about what the monitor reports, and what of that is news."""

from collections.abc import Iterable
from dataclasses import dataclass

from keepwell.core.records import Signal
from keepwell.operations.loop.conditions.base import Condition, Finding
from keepwell.operations.loop.view import SKEW, Accepted, View

SERVICE = frozenset({"errors", "latency"})
"""Kinds that speak of the service rather than of the model."""

SHORTAGE = frozenset({"resource"})
"""Kinds that speak of what a machine or a process is short of."""

Identity = tuple[str, str, int]


def identity(signal: Signal | Accepted) -> Identity:
    """Return what makes two signals of two looks the same one: kind, column, version."""
    return signal.kind, signal.column, signal.version


def news(view: View, now: float, signals: Iterable[Signal] | None = None) -> tuple[Signal, ...]:
    """Return those of the newest look's signals that are about the champion and not yet accepted.

    One that is known (something was done about what it tells) is no news.

    An accepted signal is news again once it has grown `Limits.regrowth` times, once its acceptance ran
    out, or at another model version.
    """
    known = {identity(item): item for item in view.memory.accepted}
    regrowth = view.policy.limits.regrowth
    longest = (
        view.policy.rest + SKEW
    )  # what is accepted for longer was so by a clock that was wrong
    fresh = []
    for signal in view.signals if signals is None else signals:
        accepted = known.get(identity(signal))
        if (
            not signal.known
            and view.is_current(signal)
            and (
                accepted is None
                or (accepted.until is not None and not now < accepted.until <= now + longest)
                or abs(signal.value) > regrowth * abs(accepted.value)
            )
        ):
            fresh.append(signal)
    return tuple(fresh)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSignal(Condition):
    """Holds if one and the same signal is news at each of the last `looks` looks."""

    looks: int = 1

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        found = self.signals(view, now)
        return Finding(
            holds=bool(found),
            reason="; ".join(signal.message for signal in found) or "the monitor reports no news",
            numbers={"signals": len(found)},
        )

    def signals(self, view: View, now: float) -> tuple[Signal, ...]:
        """Return the signals that it holds for, the most severe first."""
        looks = view.looks[-self.looks :]
        if len(looks) < self.looks:
            return ()
        lasting = set.intersection(
            *({identity(signal) for signal in news(view, now, look.signals)} for look in looks)
        )
        found = [signal for signal in looks[-1].signals if identity(signal) in lasting]
        return tuple(sorted(found, key=lambda signal: -signal.severity))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalPresent(Condition):
    """Holds if the newest look shows a signal of one of these kinds, news or not."""

    kinds: frozenset[str]

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        found = sorted({signal.kind for signal in view.signals} & self.kinds)
        return Finding(
            holds=bool(found),
            reason=f"the monitor reports {' and '.join(found)}"
            if found
            else f"the monitor reports no {' or '.join(sorted(self.kinds))}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet(Condition):
    """Holds if none of the last `looks` looks, all after `since`, had any news."""

    looks: int
    since: float

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        since = view.moment(self.since, now)
        looks = [look for look in view.looks if look.time > since][-self.looks :]
        quiet = len(looks) == self.looks and not any(
            news(view, now, look.signals) for look in looks
        )
        return Finding(
            holds=quiet,
            reason=f"nothing outside its limits for {self.looks} looks"
            if quiet
            else "the monitor still reports signals",
            numbers={"looks": len(looks), "rows": looks[-1].rows if looks else 0},
        )
