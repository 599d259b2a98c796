"""The last values of a series, kept in order of size too."""

from bisect import bisect_left, insort
from collections import deque


class SortedWindow:
    """The last `size` values; medians and ranks in logarithmic time.

    >>> window = SortedWindow(3)
    >>> for value in (5.0, 1.0, 2.0, 3.0):
    ...     window.add(value)
    >>> len(window), window.median(), window.largest, window.at_least(2.0)
    (3, 2.0, 3.0, 2)
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._queue: deque[float] = deque()
        self._sorted: list[float] = []

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def largest(self) -> float:
        """The largest value; there must be one."""
        return self._sorted[-1]

    def add(self, value: float) -> None:
        """Take a value in; the oldest goes if there is no more room."""
        insort(self._sorted, value)
        self._queue.append(value)
        if len(self._queue) > self._size:
            self._sorted.pop(bisect_left(self._sorted, self._queue.popleft()))

    def median(self) -> float:
        """Return the middle value (the mean of the two in the middle); there must be one."""
        count = len(self._sorted)
        upper = self._sorted[count // 2]
        return upper if count % 2 else (self._sorted[count // 2 - 1] + upper) / 2

    def at_least(self, value: float) -> int:
        """Return how many values are as large or larger."""
        return len(self._sorted) - bisect_left(self._sorted, value)
