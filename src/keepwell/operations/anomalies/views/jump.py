"""Against the last value."""

from typing import ClassVar

from keepwell.operations.anomalies.views.base import Seen


class Jump:
    """Distance from the value before."""

    name: ClassVar[str] = "jump"
    saying: ClassVar[str] = "jumped"

    def __init__(self) -> None:
        self._last: float | None = None

    def see(self, time: float, value: float, spread: float) -> Seen:
        """Return how odd a value looks, and remember it."""
        last = value if self._last is None else self._last
        self._last = value
        return Seen(oddness=abs(value - last), expected=last)
