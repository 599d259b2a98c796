"""What every view offers."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

TINY = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How odd a value looks.

    Attributes:
        oddness: 0 for just what was expected; its unit is the view's own.
        expected: What a usual value would have been.
    """

    oddness: float
    expected: float


class View(Protocol):
    """A way to look at the values of one series, in order of time.

    Attributes:
        name: Its name, a word.
        saying: What it found, after "`value` …": for people.
    """

    name: ClassVar[str]
    saying: ClassVar[str]

    def see(self, time: float, value: float, spread: float) -> Seen:
        """Return how odd a value looks, and remember it.

        Args:
            time: Unix seconds.
            value: The value, finite.
            spread: Standard deviation of all values before it; 0 if there is none.
        """
        ...
