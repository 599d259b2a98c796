"""Stretches of time of one length, laid on the calendar: the same ones whenever somebody looks."""

import math
from dataclasses import dataclass

MOST = 30
"""Periods that a history has."""

_LADDER = (60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0, 604800.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A stretch of time, its end not part of it."""

    since: float
    until: float

    def over(self, now: float) -> bool:
        """Tell whether nothing can be predicted in it any more."""
        return now >= self.until


def length_of(age: float, wanted: float | None = None) -> float:
    """Return how long a period is.

    As wanted, a minute at least; else the shortest by which `MOST` of them reach back `age`.
    """
    if wanted is not None:
        return max(wanted, _LADDER[0])
    return next((step for step in _LADDER if age <= (MOST - 1) * step), _LADDER[-1])


def periods_of(first: float, now: float, wanted: float | None = None) -> list[Period]:
    """Return the newest periods from the first prediction on, the oldest first.

    >>> [period.since for period in periods_of(30.0, 100.0)]
    [0.0, 60.0]
    """
    length = length_of(now - first, wanted)
    last = math.floor(now / length)
    begin = max(math.floor(first / length), last - MOST + 1)
    return [
        Period(since=place * length, until=(place + 1) * length) for place in range(begin, last + 1)
    ]
