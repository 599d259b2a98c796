"""A lot for each row that only its content decides, so that it falls the same way every time."""

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MIX = (
    0x9E3779B97F4A7C15,
    0xBF58476D1CE4E5B9,
    0x94D049BB133111EB,
)  # SplitMix64 (Steele et al. 2014)


def row_lots(table: pa.Table, key: str, seed: int) -> "NDArray[np.float64]":
    """Return a number in [0, 1) for each row, drawn by its content.

    Rows below a share are the test rows. A row that is loaded again, beside new ones, is on the side
    where it was: a later model is never trained on what an earlier one was tested on, nor the other
    way round. The second copy of a row draws a lot of its own, the third another: in a table of few
    different rows, all rows of one kind would otherwise land on one side, label and all.

    Args:
        table: The rows.
        key: Column that says which rows are the same; empty, or not in the table: all columns do.
        seed: Another seed draws other lots.
    """
    import pandas as pd
    from pandas.util import hash_pandas_object

    named = table.select([key]) if key in table.column_names else table
    hashed = hash_pandas_object(named.to_pandas(), index=False).to_numpy(dtype=np.uint64, copy=True)
    copies = pd.Series(hashed).groupby(hashed, sort=False).cumcount().to_numpy(dtype=np.uint64)
    with np.errstate(over="ignore"):
        hashed += copies * np.uint64(_MIX[2])
        hashed += np.uint64(seed % 2**32 + 1) * np.uint64(_MIX[0])
        hashed = (hashed ^ (hashed >> np.uint64(30))) * np.uint64(_MIX[1])
        hashed = (hashed ^ (hashed >> np.uint64(27))) * np.uint64(_MIX[2])
        hashed ^= hashed >> np.uint64(31)
    lots: NDArray[np.float64] = (hashed >> np.uint64(11)) / float(2**53)
    return lots
