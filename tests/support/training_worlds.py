"""What tests of training build their worlds with."""

from typing import Any

import pyarrow as pa

from keepwell.core.records import Column, ColumnType

World = tuple[pa.Table, list[Column]]
KINDS = {
    pa.types.is_floating: ColumnType.NUMBER,
    pa.types.is_integer: ColumnType.INTEGER,
    pa.types.is_boolean: ColumnType.BOOLEAN,
    pa.types.is_timestamp: ColumnType.DATETIME,
}


class Listener:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, float | None, float | None]] = []

    def update(
        self, message: str, fraction: float | None = None, seconds_left: float | None = None
    ) -> None:
        self.heard.append((message, fraction, seconds_left))


def columns_of(table: pa.Table, **types: ColumnType) -> list[Column]:
    """Columns by what Arrow says; text is a category unless `types` says otherwise."""
    found = []
    for field in table.schema:
        kind = next((k for test, k in KINDS.items() if test(field.type)), ColumnType.CATEGORY)
        found.append(Column(name=field.name, type=types.get(field.name, kind)))
    return found


def world_of(columns: dict[str, Any], **types: ColumnType) -> World:
    table = pa.table(columns)
    return table, columns_of(table, **types)
