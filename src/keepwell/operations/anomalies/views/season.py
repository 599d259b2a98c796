"""Against the same time of earlier days."""

from collections import deque
from statistics import median
from typing import ClassVar

from keepwell.operations.anomalies.views.base import TINY, Seen
from keepwell.operations.anomalies.window import SortedWindow

DAY = 86400.0
SLOTS = 288
"""Times of day that are told apart: five minutes each."""

DAYS = 5
RECENT = SLOTS


class Season:
    """Distance from the median of the same five minutes of the last five days.

    Where there are none yet, from the median of the last 288 values.
    """

    name: ClassVar[str] = "season"
    saying: ClassVar[str] = "is not what this time of day has been"

    def __init__(self) -> None:
        self._days: dict[int, deque[tuple[int, float]]] = {}
        self._recent = SortedWindow(RECENT)

    def see(self, time: float, value: float, spread: float) -> Seen:
        """Return how odd a value looks, and remember it."""
        day, rest = divmod(time, DAY)
        slot = self._days.setdefault(int(rest / DAY * SLOTS), deque(maxlen=DAYS))
        earlier = [one for when, one in slot if when != day]
        if earlier:
            usual = median(earlier)
        elif self._recent:
            usual = self._recent.median()
        else:
            usual = value
        if slot and slot[-1][0] == day:
            slot[-1] = (int(day), value)  # the newest of several in one slot
        else:
            slot.append((int(day), value))
        self._recent.add(value)
        distance = abs(value - usual)
        return Seen(oddness=distance / (spread + TINY) if distance else 0.0, expected=usual)
