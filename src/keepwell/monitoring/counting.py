"""Counts a column of present rows in the bins that its training profile has."""

from typing import Any

import numpy as np

from keepwell.core.records import ColumnProfile
from keepwell.monitoring.sketches.columns import sketch_of
from keepwell.monitoring.sketches.counted import Counted


def count_column(profile: ColumnProfile, column: Any, *, wrong: int = 0) -> Counted:
    """Return a column (Arrow, in the rows' order) counted against its profile.

    It is what an accumulator of these rows alone would say (`monitoring.sketches`). Dates, texts and
    identifiers are counted for missing values only: the first move on by themselves, the others hardly
    repeat.
    """
    sketch = sketch_of(profile)
    sums, fresh = np.zeros(sketch.size), dict[str, int]()
    sketch.add(sums, fresh, column, wrong)
    return sketch.counted(sums, fresh)
