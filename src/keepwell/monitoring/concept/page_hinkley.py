"""Page and Hinkley: how far the sum of errors has risen above its lowest, beyond what is usual."""

import math

_SETTLE = 150  # values from which the usual error and its spread are learnt
_OUTLIER = 4.0  # standard deviations that one error counts at most


class PageHinkley:
    """Sees a rise that lasts.

    Args:
        slack: Standard deviations of an error that are no rise.
        threshold: Standard deviations of an error that the sum must rise.
    """

    _count: int
    _low: int
    _mean: float
    _squares: float
    _sum: float

    def __init__(self, slack: float = 0.25, threshold: float = 40.0) -> None:
        self._slack = slack
        self._threshold = threshold
        self._start()
        self.recent = 0

    def add(self, value: float) -> bool:
        """Take the next error, and tell whether errors have risen."""
        self._count += 1
        step = value - self._mean
        if self._count > _SETTLE:
            spread = math.sqrt(self._squares / (self._count - 1)) or 1e-12
            # An outlier is one error: more than a few deviations of it are not a rise that lasts.
            self._sum += min(step / spread, _OUTLIER) - self._slack
            if self._sum < 0:
                self._sum, self._low = 0.0, self._count
        self._mean += step / self._count
        self._squares += step * (value - self._mean)
        if self._sum <= self._threshold:
            return False
        self.recent = self._count - self._low
        self._start()
        return True

    def _start(self) -> None:
        self._count = 0
        self._low = 0
        self._mean = 0.0
        self._squares = 0.0
        self._sum = 0.0
