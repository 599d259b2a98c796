"""Against the long run."""

from typing import ClassVar

from keepwell.operations.anomalies.views.base import Seen
from keepwell.operations.anomalies.window import SortedWindow

LONG = 5000


class Level:
    """Distance from the median of the last 5,000 values."""

    name: ClassVar[str] = "level"
    saying: ClassVar[str] = "is far from where it usually is"

    def __init__(self) -> None:
        self._values = SortedWindow(LONG)

    def see(self, time: float, value: float, spread: float) -> Seen:
        """Return how odd a value looks, and remember it."""
        usual = self._values.median() if self._values else value
        self._values.add(value)
        return Seen(oddness=abs(value - usual), expected=usual)
