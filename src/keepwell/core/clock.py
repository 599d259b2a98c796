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


class Continuity:
    """Compares a clock with one that cannot be set, at each look: has it gone on, or was it set?

    >>> seen = Continuity()
    >>> for now, steady in ((100.0, 0.0), (110.0, 10.0), (7320.0, 20.0), (130.0, 30.0)):
    ...     seen.look(now, steady)
    >>> seen.gaps, seen.begun
    (((120.0, 7320.0),), 130.0)

    Attributes:
        begun: When, by the clock, it was looked at first since it was last set back; None before that.
        gaps: From when to when it leapt forward: it was set, or the machine slept.
    """

    _TOLERANCE = 5.0  # seconds by which a clock may be slewed between two looks
    _PAUSE = 60.0  # seconds that a restart may take
    _KEPT = 20

    def __init__(self) -> None:
        self.begun: float | None = None
        self.gaps: tuple[tuple[float, float], ...] = ()
        self._last: tuple[float, float] | None = None

    def resume(self, last: float | None, now: float) -> None:
        """Say when somebody looked last, before the first look: what lies between is a gap."""
        if self._last is None and last is not None and now - last > self._PAUSE:
            self.gaps = ((last, now),)

    def look(self, now: float, steady: float) -> None:
        """Read both clocks."""
        if self._last is None:
            self.begun = now
        else:
            expected = self._last[0] + steady - self._last[1]
            if now < expected - self._TOLERANCE:
                self.begun = now
            elif now > expected + self._TOLERANCE:
                self.gaps = (*self.gaps, (expected, now))[-self._KEPT :]
        self._last = (now, steady)


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

    def set(self, time: float) -> None:
        """Be set to a time, earlier or later, as by hand or by NTP."""
        self._now = time

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds` (never backwards)."""
        if seconds < 0:
            raise ValueError(f"time only moves forward, got {seconds} s")
        self._now += seconds
