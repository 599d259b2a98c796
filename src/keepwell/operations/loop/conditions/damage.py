"""Conditions about columns that broke upstream."""

from collections.abc import Iterable
from dataclasses import dataclass

from keepwell.core.records import Signal
from keepwell.operations.loop.causes import rank
from keepwell.operations.loop.causes.breaks import broken
from keepwell.operations.loop.causes.inputs import weight
from keepwell.operations.loop.conditions.base import Condition, Finding
from keepwell.operations.loop.conditions.signals import Identity, identity, news
from keepwell.operations.loop.view import View

_HEAVY = 0.5
"""Times the weight of the column that the model leans on most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenUpstream(Condition):
    """Holds while a column is broken that training would learn: a weighty one, or the likeliest cause.

    What was told of it once counts as long as anything about the column is outside its limits: a moment after
    the break, there is nothing sound left to hold it against.
    """

    def check(self, view: View, now: float) -> Finding:
        """Return whether it holds, and why."""
        remembered = view.incident.signals if view.incident else ()
        together = newest_of((*remembered, *view.signals))
        outside = {one.column for one in view.signals if not one.known}
        found = [one for one in news(view, now, together) if broken(one) and one.column in outside]
        if found:
            causes = rank(view, together)
            likeliest = causes[0].column if causes else ""
            found = [
                one
                for one in found
                if weight(view, one.column) >= _HEAVY or one.column == likeliest
            ]
        columns = " and ".join(dict.fromkeys(f"'{one.column}'" for one in found))
        return Finding(
            holds=bool(found),
            reason=f"{columns} broke upstream, and training would learn the break: mend it there, or take"
            f" it as missing (quarantine)"
            if found
            else "no column broke upstream",
        )


def newest_of(signals: Iterable[Signal]) -> tuple[Signal, ...]:
    """Return the last one of each signal; a break outlives what is milder about the same column."""
    found: dict[Identity, Signal] = {}
    for signal in signals:
        known = found.get(identity(signal))
        if known is None or broken(signal) or not broken(known):
            found[identity(signal)] = signal
    return tuple(found.values())
