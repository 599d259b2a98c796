"""Does a column say one and the same that never did?"""

from collections.abc import Iterable
from typing import Any

import pyarrow.compute as pc

FEWEST = 50
"""Rows that a stretch must have to say something."""

STRETCHES = 5
"""Stretches of the past that must be known before a column is said never to have stood still."""

_BY_CHANCE = 1e-6


def standing(column: Any) -> Any:
    """Return the one value that all rows with a value hold, None if there are several or too few."""
    present = column.drop_null()
    if len(present) < FEWEST:
        return None
    values = pc.unique(present)
    return values[0].as_py() if len(values) == 1 else None


def never_stood(value: Any, rows: int, past: Iterable[Any]) -> bool:
    """Tell whether no stretch of the past stood still, and so many equal values are no chance.

    What is one value within an hour by nature, a weekday, a temperature, stood still before; what was never
    seen otherwise, or hardly ever, says nothing by saying the same again.

    Args:
        value: What the newest rows hold.
        rows: How many of them.
        past: The column in stretches of earlier rows, of about as many rows each.
    """
    known = [one for one in (column.drop_null() for column in past) if len(one) >= FEWEST]
    if len(known) < STRETCHES or any(standing(one) is not None for one in known):
        return False
    same = sum(pc.sum(pc.equal(one, value)).as_py() or 0 for one in known)
    share = (same + 1) / (sum(len(one) for one in known) + 1)
    return bool(share**rows < _BY_CHANCE)
