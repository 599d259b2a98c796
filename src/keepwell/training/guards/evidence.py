"""The columns as guards look at them: a bounded sample of rows, as numbers and codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keepwell.core.records import Column, ColumnType, Field, Task
from keepwell.features.columns import decode_column
from keepwell.features.preparation import NUMERIC

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_ROWS = 20_000
_MOST_CELLS = 10_000_000
_FEWEST_ROWS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What guards see.

    Attributes:
        target: Name of the target.
        task: What is predicted.
        actual: By row: the code of the class, or the number.
        numbers: By column of numbers, booleans or dates: values, nan where missing.
        codes: By column of categories: code of the label; a missing label has a code of its own.
    """

    target: str
    task: Task
    actual: "NDArray[Any]"
    numbers: dict[str, "NDArray[np.float64]"]
    codes: dict[str, "NDArray[np.int64]"]

    @property
    def names(self) -> list[str]:
        """All columns that can be looked at."""
        return [*self.numbers, *self.codes]

    def without(self, names: Sequence[str]) -> "Evidence":
        """Return the evidence on the other columns."""
        return Evidence(
            target=self.target,
            task=self.task,
            actual=self.actual,
            numbers={name: v for name, v in self.numbers.items() if name not in names},
            codes={name: v for name, v in self.codes.items() if name not in names},
        )


def gather(
    table: pa.Table,
    columns: Sequence[Column],
    target: str,
    task: Task,
    actual: "NDArray[Any]",
    seed: int,
) -> Evidence:
    """Read a random sample of rows; prose is left aside."""
    rows = min(_MOST_ROWS, max(_FEWEST_ROWS, _MOST_CELLS // max(len(columns), 1)))
    if table.num_rows > rows:
        drawn = np.sort(np.random.default_rng(seed).permutation(table.num_rows)[:rows])
        table, actual = table.take(drawn), actual[drawn]
    numbers: dict[str, NDArray[np.float64]] = {}
    codes: dict[str, NDArray[np.int64]] = {}
    for column in columns:
        values = table.column(column.name)
        kind = column.type
        if kind in NUMERIC or kind is ColumnType.DATETIME:
            read = decode_column(values, Field(name=column.name, type=kind), required=False)
            if read is not None:
                numbers[column.name] = read
        elif kind is ColumnType.CATEGORY:
            codes[column.name] = _codes(values)
    return Evidence(target=target, task=task, actual=actual, numbers=numbers, codes=codes)


def _codes(values: pa.ChunkedArray) -> "NDArray[np.int64]":
    coded = pc.dictionary_encode(values.combine_chunks(), null_encoding="encode")
    return np.asarray(coded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
