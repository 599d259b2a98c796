"""A number of seconds that is not overspent."""

import time
from collections.abc import Callable


class Budget:
    """Counts down from `seconds`.

    Args:
        seconds: What may be spent.
        now: A clock that only moves forward.
    """

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self.now = now
        self._start = now()

    def charge(self, seconds: float) -> None:
        """Count seconds that somebody else has spent: a search that was interrupted."""
        self._start -= seconds

    @property
    def spent(self) -> float:
        """Seconds since the start."""
        return self.now() - self._start

    @property
    def left(self) -> float:
        """Seconds that remain; never negative."""
        return max(self.seconds - self.spent, 0.0)

    def deadline(self, share: float = 1.0, reserve: float = 0.0) -> Callable[[], bool]:
        """Return a question that turns true once `share` of what is left, less `reserve`, is spent."""
        end = self.now() + max(self.left - reserve, 0.0) * share
        return lambda: self.now() >= end
