"""A new level: the last values together against those before them."""

from collections import deque
from statistics import median
from typing import ClassVar

from keepwell.operations.anomalies.views.base import TINY, Seen
from keepwell.operations.anomalies.window import SortedWindow

NOW, BEFORE = 12, 500
_FEW = 50
_STEADY = 0.1


class Shift:
    """Distance of the median of the last 12 values from that of the 500 before, in those values' spread."""

    name: ClassVar[str] = "shift"
    saying: ClassVar[str] = "has been on another level for a while"

    def __init__(self) -> None:
        self._now: deque[float] = deque(maxlen=NOW)
        self._before = SortedWindow(BEFORE)
        self._distances = SortedWindow(BEFORE)

    def see(self, time: float, value: float, spread: float) -> Seen:
        """Return how odd a value looks, and remember it."""
        if len(self._now) == NOW:
            leaving = self._now[0]
            if len(self._before) >= _FEW:
                self._distances.add(abs(leaving - self._before.median()))
            self._before.add(leaving)
        self._now.append(value)
        if len(self._distances) < _FEW:
            return Seen(oddness=0.0, expected=value)
        usual = self._before.median()
        distance = abs(median(self._now) - usual)
        scale = max(1.4826 * self._distances.median(), _STEADY * spread) + TINY
        return Seen(oddness=distance / scale if distance else 0.0, expected=usual)
