"""DDM (Gama et al., 2004): the mean error with its own uncertainty, against the lowest that it ever was."""

import math

_SETTLE = 60  # values before which nothing is said


class Ddm:
    """Sees a rise of the mean over all values since it began; quick early, slow after a long calm.

    Args:
        deviations: How many standard errors above the lowest.
    """

    _count: int
    _lowest: int
    _mean: float
    _squares: float
    _low: float
    _low_error: float

    def __init__(self, deviations: float = 4.5) -> None:
        self._deviations = deviations
        self._start()
        self.recent = 0

    def add(self, value: float) -> bool:
        """Take the next error, and tell whether errors have risen."""
        self._count += 1
        step = value - self._mean
        self._mean += step / self._count
        self._squares += step * (value - self._mean)
        if self._count < _SETTLE:
            return False
        error = math.sqrt(self._squares / self._count / self._count)
        if self._mean + error <= self._low + self._low_error:
            self._low, self._low_error, self._lowest = self._mean, error, self._count
        if self._mean + error <= self._low + self._deviations * self._low_error or not error:
            return False
        self.recent = self._count - self._lowest
        self._start()
        return True

    def _start(self) -> None:
        self._count = 0
        self._lowest = 0
        self._mean = 0.0
        self._squares = 0.0
        self._low = math.inf
        self._low_error = 0.0
