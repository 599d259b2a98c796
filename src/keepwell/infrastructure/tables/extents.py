"""What lies in each file of a table, by Delta's own statistics: nothing is read but the log."""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from deltalake import DeltaTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """One file of a table: its bytes, its rows, and the first and last time in it."""

    size: int
    rows: int
    first: datetime | None
    last: datetime | None


def extents(table: DeltaTable, column: str) -> list[Extent]:
    """Return the extent of every file, by the times in `column`."""
    actions = pa.table(table.get_add_actions(flatten=True))
    names = {
        "size": "size_bytes",
        "rows": "num_records",
        "first": f"min.{column}",
        "last": f"max.{column}",
    }
    known = {ours: name for ours, name in names.items() if name in actions.column_names}
    chosen = actions.select(list(known.values())).rename_columns(list(known))
    blank = {"size": 0, "rows": 0, "first": None, "last": None}
    return [Extent(**{**blank, **row}) for row in chosen.to_pylist()]
