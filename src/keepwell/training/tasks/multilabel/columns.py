"""Columns of yes and no, one a label, read as one column of sets."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.errors import TrainingError
from keepwell.core.records import Column, ColumnType
from keepwell.core.spec import DataSpec
from keepwell.core.suggestions import did_you_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

_YES = {"true", "yes", "y", "t", "1", "1.0"}
_NO = {"false", "no", "n", "f", "0", "0.0"}
_SHOWN = 5


def with_sets(table: pa.Table, data: DataSpec) -> pa.Table:
    """Return a table with the column that `data.target` names, made of the columns in `data.targets`.

    A cell is the list of the columns that say yes in its row, as JSON; nothing where one of them says
    nothing. A table that has the column is returned as it is, and so is any where the target is one column.

    Raises:
        TrainingError: If a column is not there, or holds anything but yes and no; says what to do.
    """
    if not data.targets or data.target in table.column_names:
        return table
    flags = [_flags(table, name) for name in data.targets]
    rows = [_set(cells, data.targets) for cells in zip(*flags, strict=True)]
    return table.append_column(data.target, pa.array(rows, pa.string()))


def schema_with_sets(columns: Sequence[Column], data: DataSpec) -> tuple[Column, ...]:
    """Return the schema of such a table."""
    if not data.targets or data.target in [column.name for column in columns]:
        return tuple(columns)
    made = Column(name=data.target, type=ColumnType.CATEGORY, nullable=True)
    return (*columns, made)


def _set(cells: Sequence[float], names: Sequence[str]) -> str | None:
    if any(np.isnan(cell) for cell in cells):
        return None
    return json.dumps([name for name, cell in zip(names, cells, strict=True) if cell])


def _flags(table: pa.Table, name: str) -> "NDArray[np.float64]":
    """Return 1 for yes, 0 for no, nan for nothing."""
    names = table.column_names
    if name not in names:
        raise TrainingError(
            f"the target column '{name}' is not in the data",
            why=f"its columns are {', '.join(names[:20])}",
            now=did_you_mean(name, names) or "name columns of the data in `target:` under `data:`",
        )
    cells = table[name].to_pylist()
    read = {cell: _read(cell) for cell in set(cells)}
    odd = sorted(str(cell) for cell, flag in read.items() if flag is None)
    if odd:
        more = f" and {len(odd) - _SHOWN} more" if len(odd) > _SHOWN else ""
        raise TrainingError(
            f"the target column '{name}' does not say yes or no",
            why=f"it holds {', '.join(map(repr, odd[:_SHOWN]))}{more}; several targets are columns of "
            "true and false, yes and no, or 1 and 0",
            now=f"take '{name}' off the list, or predict it in a project of its own",
        )
    return np.array([read[cell] for cell in cells], dtype=np.float64)


def _read(cell: Any) -> float | None:
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return np.nan
    text = str(cell).strip().lower()
    if text in _YES:
        return 1.0
    if text in _NO:
        return 0.0
    return None if text else np.nan
