"""What a window says of the events in it, whatever order they come in.

Sums are exact before they are rounded, once. So it is all the same whether they are added up one by one or
taken from running totals, and a value that training saw is the value that a request gets.
"""

import math
from collections.abc import Callable, Sequence

Occurrence = tuple[int, float | None]
"""When it happened (microseconds since 1970), and the number it had, None if it had none."""

_FEWEST = 2  # numbers that have a standard deviation


def aggregate(name: str, events: Sequence[Occurrence], *, numbers: bool) -> float | None:
    """Return an aggregate of events; None where it has no value.

    Args:
        name: One of `AGGREGATES`.
        events: Those in the window.
        numbers: Whether a number is summed up: then events without one do not count.

    >>> aggregate("mean", [(1, 2.0), (2, 5.0), (3, None)], numbers=True)
    3.5
    >>> aggregate("last", [], numbers=True) is None, aggregate("sum", [], numbers=True)
    (True, 0.0)
    """
    if not numbers:
        return float(len(events))
    if name == "last":
        present = [(time, value) for time, value in events if value is not None]
        return max(present)[1] if present else None
    return _OF_NUMBERS[name]([value for _, value in events if value is not None])


def rounded(numerator: int, denominator: int) -> float | None:
    """Return a quotient of whole numbers, rounded once; None if no float is that large."""
    try:
        return numerator / denominator
    except OverflowError:
        return None


def deviation(count: int, total: int, squares: int, shift: int) -> float | None:
    """Return the standard deviation (n - 1) of numbers of which the exact totals are known.

    Args:
        count: How many they are.
        total: Their sum, times 2 to the power of `shift`.
        squares: The sum of their squares, times 2 to the power of twice `shift`.
        shift: See above.
    """
    if count < _FEWEST:
        return None
    numerator, denominator = count * squares - total * total, count * (count - 1)
    variance = rounded(numerator, denominator << 2 * shift)
    return None if variance is None else math.sqrt(variance)


def whole(values: Sequence[float]) -> tuple[list[int], int]:
    """Return numbers as whole ones, exactly, and the power of two that they were multiplied by.

    >>> whole([0.5, 3.0])
    ([1, 6], 1)
    """
    ratios = [value.as_integer_ratio() for value in values]
    shift = max((below.bit_length() - 1 for _, below in ratios), default=0)
    return [above << shift - below.bit_length() + 1 for above, below in ratios], shift


def _sum(values: list[float]) -> float | None:
    try:
        return math.fsum(values) + 0.0  # of no number, and of -0.0: 0.0
    except OverflowError:  # on the way perhaps; the sum itself may be a float
        numbers, shift = whole(values)
        return rounded(sum(numbers), 1 << shift)


def _mean(values: list[float]) -> float | None:
    total = _sum(values) if values else None
    return None if total is None else total / len(values)


def _std(values: list[float]) -> float | None:
    numbers, shift = whole(values)
    squares = sum(number * number for number in numbers)
    return deviation(len(numbers), sum(numbers), squares, shift)


_OF_NUMBERS: dict[str, Callable[[list[float]], float | None]] = {
    "count": lambda values: float(len(values)),
    "sum": _sum,
    "mean": _mean,
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
    "std": _std,
}
