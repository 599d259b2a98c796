"""The kinds of accumulators, one for each kind of column."""

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from keepwell.core.records import ColumnProfile
from keepwell.monitoring.sketches.counted import LABELS, NUMBERS, Counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS, MISSING, WRONG = range(3)
"""Where every accumulator keeps these."""


class ColumnSketch(Protocol):
    """Reads and writes the accumulator of one column: `size` sums, and counts of labels never seen before.

    Law: the sums of parts, added, are the sums of the whole, but for pairs of neighbours that a seam
    parts; the order of parts does not matter; nothing in it grows with the number of rows.

    Attributes:
        profile: The column in training.
        size: How many sums it needs.
    """

    profile: ColumnProfile
    size: int

    def add(
        self, sums: "NDArray[np.float64]", fresh: dict[str, int], column: Any, wrong: int = 0
    ) -> None:
        """Add a column of rows (Arrow, in their order); `wrong` of its missing values are of another type."""
        ...

    def counted(self, sums: "NDArray[np.float64]", fresh: dict[str, int]) -> Counted:
        """Return what the sums say."""
        ...


class Presence:
    """Rows, missing and wrong values, and nothing else: for dates, texts, pictures and identifiers."""

    def __init__(self, profile: ColumnProfile) -> None:
        self.profile = profile
        self.size = WRONG + 1

    def add(
        self, sums: "NDArray[np.float64]", fresh: dict[str, int], column: Any, wrong: int = 0
    ) -> None:
        """Add a column of rows."""
        sums[ROWS] += len(column)
        sums[MISSING] += column.null_count
        sums[WRONG] += wrong

    def counted(self, sums: "NDArray[np.float64]", fresh: dict[str, int]) -> Counted:
        """Return what the sums say."""
        return Counted(
            profile=self.profile,
            rows=int(sums[ROWS]),
            missing=int(sums[MISSING]),
            wrong=int(sums[WRONG]),
        )


def sketch_of(profile: ColumnProfile) -> ColumnSketch:
    """Return the accumulator for a column of this profile."""
    from keepwell.monitoring.sketches.labels import Labels
    from keepwell.monitoring.sketches.numbers import Numbers

    if profile.type in NUMBERS:
        return Numbers(profile)
    if profile.type in LABELS:
        return Labels(profile)
    return Presence(profile)


def combined(column: Any) -> Any:
    """Return an Arrow column as one array."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
