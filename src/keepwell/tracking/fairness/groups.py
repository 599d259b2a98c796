"""Which group each row belongs to."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

SMALLEST = 20
"""Rows that a group has to have: a rate of fewer says little."""

_MANY = 10  # distinct numbers from which on they are cut into ranges
_PARTS = 4


def groups_of(values: Sequence[Any]) -> list[str | None]:
    """Return by row the name of its group: the value, or a range of numbers; None where it is missing.

    >>> groups_of(["f", None, "m"])
    ['f', None, 'm']
    """
    known = {value for value in values if value is not None}
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in known)
    if not numbers or len(known) <= _MANY:
        return [None if value is None or value != value else str(value) for value in values]  # noqa: PLR0124
    return _ranges(np.array([np.nan if value is None else value for value in values], dtype=float))


def large_and_small(
    groups: Sequence[str | None], smallest: int = SMALLEST
) -> tuple[list[str], list[tuple[str, int]]]:
    """Return the names of the groups that are large enough, and the others with their rows."""
    counts = Counter(group for group in groups if group is not None)
    large = sorted(name for name, rows in counts.items() if rows >= smallest)
    return large, sorted((name, rows) for name, rows in counts.items() if rows < smallest)


def _ranges(numbers: "np.ndarray[Any, np.dtype[np.float64]]") -> list[str | None]:
    known = numbers[np.isfinite(numbers)]
    cuts = np.unique(np.quantile(known, np.linspace(0, 1, _PARTS + 1)[1:-1]))
    places = np.searchsorted(cuts, numbers, side="right")
    names: dict[int, str] = {}
    for place in range(len(cuts) + 1):
        inside = known[np.searchsorted(cuts, known, side="right") == place]
        if len(inside):
            names[place] = f"{inside.min():g} to {inside.max():g}"
    return [
        names[int(place)] if np.isfinite(number) else None
        for place, number in zip(places, numbers, strict=True)
    ]
