"""Test rows that are rows learnt from, once more."""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from keepwell.training.splits.division import Division

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

_WORTH_TELLING = 0.01
_CHANCE = (
    0.1  # of the share that may be chance: rows of few different values are alike without a copy
)


def copies_across(table: pa.Table, inputs: "Sequence[str]", division: Division) -> str:
    """Return a warning if some test rows hold what rows to learn from hold, outcome and all; else nothing.

    Args:
        table: The usable rows.
        inputs: Columns that are learnt from.
        division: Which rows are for what.
    """
    from pandas.util import hash_pandas_object

    frame = table.select(list(inputs)).to_pandas().assign(**{_OUTCOME: division.values})
    hashed = hash_pandas_object(frame, index=False).to_numpy()
    again = np.isin(hashed[division.test], hashed[division.used])
    share = float(again.mean()) if len(again) else 0.0
    if share < _WORTH_TELLING or _by_chance(frame, len(division.used)) > _CHANCE * share:
        return ""
    return (
        f"{np.count_nonzero(again):,} of {len(again):,} test rows ({share:.0%}) hold the same in each column "
        "as a row that is learnt from: what is measured on them may be remembered, not learnt; if the rows "
        "were loaded twice, remove the copies, or name what they share with `key:` under `data:`"
    )


def _by_chance(frame: "pd.DataFrame", rows: int) -> float:
    """Return the share of rows that would find their like among so many, were columns independent."""
    alike = 1.0
    for name in frame:
        counts = frame[name].value_counts(dropna=False).to_numpy()
        alike *= float(np.sum((counts / len(frame)) ** 2))
    return float(1.0 - np.exp(-rows * alike))


_OUTCOME = "\0outcome"
