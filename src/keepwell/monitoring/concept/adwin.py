"""ADWIN (Bifet and Gavaldà, 2007): a window that drops its older part once the newer one has another mean.

Values are kept as sums of 1, 2, 4, 8 … of them, five of each size, so a window of a million takes a
hundred sums.
"""

import math
from collections import deque
from collections.abc import Iterator

_PER_SIZE = 5
_EVERY = 16  # values between two checks
_FEWEST = 30  # values of a part


class Adwin:
    """The default: needs no notion of how large an error is.

    Args:
        confidence: How likely a false alarm is at one check, over all places the window may be cut at.
    """

    def __init__(self, confidence: float = 0.002) -> None:
        self._confidence = confidence
        self._start()
        self.recent = 0

    def add(self, value: float) -> bool:
        """Take the next error, and tell whether errors have risen."""
        self._rows[0].append((value, value * value))
        self._compress()
        self._count += 1
        if self._count % _EVERY:
            return False
        return self._check()

    def _start(self) -> None:
        self._rows: list[deque[tuple[float, float]]] = [deque()]
        self._count = 0

    def _compress(self) -> None:
        """Put the oldest two sums of a size together where there are too many."""
        for level, row in enumerate(self._rows):
            if len(row) <= _PER_SIZE:
                return
            (first, first_square), (second, second_square) = row.popleft(), row.popleft()
            if level + 1 == len(self._rows):
                self._rows.append(deque())
            self._rows[level + 1].append((first + second, first_square + second_square))

    def _check(self) -> bool:
        parts = list(self._parts())  # newest first
        total = sum(count for count, _, _ in parts)
        mass = sum(value for _, value, _ in parts)
        square = sum(value for _, _, value in parts)
        variance = max(square / total - (mass / total) ** 2, 0.0)
        log = math.log(2 * max(math.log(total), 1.0) * len(parts) / self._confidence)
        newer, newer_mass = 0.0, 0.0
        for count, value, _ in parts:
            newer, newer_mass = newer + count, newer_mass + value
            older = total - newer
            if older < _FEWEST:
                break
            if newer < _FEWEST:
                continue
            harmonic = 1 / (1 / newer + 1 / older)
            limit = math.sqrt(2 * variance * log / harmonic) + math.sqrt(variance) * log / harmonic
            gap = newer_mass / newer - (mass - newer_mass) / older
            if abs(gap) > limit:
                self.recent = int(newer)
                self._start()
                return gap > 0
        return False

    def _parts(self) -> Iterator[tuple[int, float, float]]:
        for level, row in enumerate(self._rows):
            for mass, square in reversed(row):
                yield 1 << level, mass, square
