"""One small table with a column of every type, and its signature."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from keepwell.core.records import Column, ColumnType, Signature, Task
from keepwell.features import infer_signature

TYPES = {
    "age": ColumnType.INTEGER,
    "income": ColumnType.NUMBER,
    "member": ColumnType.BOOLEAN,
    "colour": ColumnType.CATEGORY,
    "note": ColumnType.TEXT,
    "seen": ColumnType.DATETIME,
}


@pytest.fixture
def columns() -> list[Column]:
    return [Column(name=name, type=kind) for name, kind in TYPES.items()]


@pytest.fixture
def table() -> pa.Table:
    return pa.table(
        {
            "age": [31, 47, 25, 62],
            "income": [1000.5, None, 2500.0, float("inf")],
            "member": [True, False, None, True],
            "colour": ["red", "blue", None, "red"],
            "note": ["very good", "not so good", None, "bad"],
            "seen": [datetime(2024, month, 3, 4, tzinfo=UTC) for month in (1, 2, 3, 4)],
        }
    )


@pytest.fixture
def signature(table: pa.Table, columns: list[Column]) -> Signature:
    return infer_signature(table, columns, list(TYPES), "left", Task.BINARY, ("no", "yes"))
