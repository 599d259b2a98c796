"""Time, as something that can be handed in.

Nothing in Keepwell asks the operating system for the time of day by itself: it asks the `Clock` that
it was given. So a test, a replay or the demo's simulated world moves time by hand.
"""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time, in seconds since 1970-01-01T00:00Z (Unix time)."""

    def now(self) -> float:
        """Return the present time; never less than an earlier answer by more than clock drift."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Return Unix time in seconds."""
        return time.time()


class ManualClock:
    """A clock that stands still until it is moved.

    >>> clock = ManualClock(100.0)
    >>> clock.advance(60)
    >>> clock.now()
    160.0
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """Return the time it was last moved to."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds` (never backwards)."""
        if seconds < 0:
            raise ValueError(f"time only moves forward, got {seconds} s")
        self._now += seconds
