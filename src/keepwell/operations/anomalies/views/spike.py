"""Against the values just before."""

from typing import ClassVar

from keepwell.operations.anomalies.views.base import TINY, Seen
from keepwell.operations.anomalies.window import SortedWindow

RECENT = 200
_FEW = 20
_STEADY = 0.1  # share of the long spread that a quiet stretch is taken to have at least


class Spike:
    """Distance from the median of the last 200 values, in their own spread (median absolute deviation)."""

    name: ClassVar[str] = "spike"
    saying: ClassVar[str] = "stands out from the values before it"

    def __init__(self) -> None:
        self._values = SortedWindow(RECENT)
        self._distances = SortedWindow(RECENT)

    def see(self, time: float, value: float, spread: float) -> Seen:
        """Return how odd a value looks, and remember it."""
        seen = Seen(oddness=0.0, expected=value)
        if len(self._values) >= _FEW:
            middle = self._values.median()
            distance = abs(value - middle)
            if len(self._distances) >= _FEW:
                own = 1.4826 * self._distances.median()
                scale = max(own, _STEADY * spread) + TINY
                seen = Seen(oddness=distance / scale if distance else 0.0, expected=middle)
            self._distances.add(distance)
        self._values.add(value)
        return seen
