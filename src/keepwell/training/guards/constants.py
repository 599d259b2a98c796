"""Columns that say nothing."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from keepwell.core.records import Column
from keepwell.training.trained import Finding


def constants(table: pa.Table, columns: Sequence[Column]) -> list[Finding]:
    """Find columns that hold the same value in every row, or none at all."""
    found: list[Finding] = []
    for column in columns:
        values = table.column(column.name)
        empty = values.null_count == len(values)
        if not empty and (values.null_count or not _is_constant(values)):
            continue
        says = "has no value in any row" if empty else f"is {values[0].as_py()!r:.40} in every row"
        message = f"'{column.name}' {says}, so there is nothing to learn from it"
        found.append(
            Finding(
                column=column.name,
                message=message,
                dropped=True,
                kind="constant",
                columns=(column.name,),
            )
        )
    return found


def _is_constant(values: pa.ChunkedArray) -> bool:
    # Most columns differ within the first rows: those need no look at the rest.
    if pc.count_distinct(values.slice(0, 100)).as_py() > 1:
        return False
    return bool(pc.count_distinct(values).as_py() <= 1)
