"""Rows that are the same as one that is judged on: who learns them knows the answers by heart.

Live rows are often rows of the project's own data: customers that are scored again, a replay, a trial. If one
of two such rows is learnt and the other judged on, a challenger looks better than it is, and what it learnt
wrongly beside them does not show.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

APART = 0.9
"""Share of the project's rows that must be unlike all others. Where inputs repeat by nature, equal rows are
different cases, and nothing is left out."""

_MIX = np.uint64(0x9E3779B97F4A7C15)


def twins_of(
    table: pa.Table, test: npt.NDArray[np.int64], inputs: Sequence[str], *, base: int
) -> npt.NDArray[np.int64]:
    """Return the positions of rows with the inputs of a test row that the project's own rows hold, too.

    Test rows themselves are excepted. Live rows that are like other live rows only are different cases.

    Args:
        table: All rows, the project's own first.
        test: Positions of the test rows.
        inputs: What makes two rows the same; outcomes do not.
        base: How many rows are the project's own.
    """
    if not base or not len(test) or not inputs:
        return np.empty(0, np.int64)
    prints = _prints(table, inputs)
    own = prints[:base]
    if len(np.unique(own)) < APART * base:
        return np.empty(0, np.int64)
    same = np.isin(prints, np.intersect1d(prints[test], own))
    same[test] = False
    return np.flatnonzero(same)


def _prints(table: pa.Table, inputs: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Return a number for each row, equal for equal inputs and hardly ever else."""
    prints = np.zeros(table.num_rows, np.uint64)
    for name in inputs:
        codes = table[name].combine_chunks().dictionary_encode().indices.fill_null(-1)
        values = codes.to_numpy(zero_copy_only=False).astype(np.int64).astype(np.uint64)
        prints = (prints ^ (values + np.uint64(1))) * _MIX
        prints ^= prints >> np.uint64(29)
    return prints
