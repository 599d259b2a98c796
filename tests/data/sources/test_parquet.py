"""Types that come with the file, and the ones that somebody wants instead."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from keepwell.core.errors import InvalidDataError
from keepwell.core.records import ColumnType


@pytest.mark.parametrize(
    ("values", "kind", "stored"),
    [
        (pa.array([1, 2], pa.uint8()), ColumnType.INTEGER, [1, 2]),
        (pa.array([1, 2**64 - 1], pa.uint64()), ColumnType.NUMBER, [1.0, 2.0**64]),
        (pa.array([0.5, 2], pa.float32()), ColumnType.NUMBER, [0.5, 2.0]),
        (pa.array([Decimal("1.25"), None]), ColumnType.NUMBER, [1.25, None]),
        (pa.array([True, None]), ColumnType.BOOLEAN, [True, None]),
        (pa.array(["a", "b"]).dictionary_encode(), ColumnType.CATEGORY, ["a", "b"]),
        (pa.array(["a", "b"], pa.large_string()), ColumnType.CATEGORY, ["a", "b"]),
        (pa.array([date(2024, 2, 13)] * 2), ColumnType.DATETIME, [datetime(2024, 2, 13)] * 2),
        (pa.array([0, 10**9], pa.timestamp("ns")), ColumnType.DATETIME, None),
        (
            pa.array([datetime(2024, 2, 13, tzinfo=UTC)] * 2, pa.timestamp("ms", "Europe/Berlin")),
            ColumnType.DATETIME,
            [datetime(2024, 2, 13, tzinfo=UTC)] * 2,
        ),
        (pa.array([time(1, 2)] * 2), ColumnType.CATEGORY, ["01:02:00"] * 2),
        (pa.array([timedelta(seconds=1)] * 2), ColumnType.INTEGER, None),
        (pa.array([b"\x00\x01", b"z"]), ColumnType.CATEGORY, ["AAE=", "eg=="]),
        (pa.array([[1, 2], None]), ColumnType.CATEGORY, ["[1,2]", None]),
        (pa.array([{"k": 1}, None]), ColumnType.CATEGORY, ['{"k":1}', None]),
        (pa.nulls(2), ColumnType.CATEGORY, [None, None]),
        (pa.array(["007", "12"]), ColumnType.CATEGORY, ["007", "12"]),
        (pa.array(["12", "13"]), ColumnType.CATEGORY, ["12", "13"]),
        (pa.array(["13.02.2024", "01.03.2024"]), ColumnType.DATETIME, None),
        (pa.array(["", "x"]), ColumnType.CATEGORY, ["", "x"]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_a_typed_column_is_taken_as_it_is(
    world: Any, values: Any, kind: ColumnType, stored: list[Any] | None
) -> None:
    world.write("f.parquet", pa.table({"x": values, "y": [1, 2]}))
    version = world.ingest("f.parquet")
    assert version.columns[0].type is kind
    if stored is not None:
        assert world.values(version, "x") == stored


@pytest.mark.parametrize(
    ("values", "kind", "stored"),
    [
        ([1, 2], "number", [1.0, 2.0]),
        ([1, 2], "category", ["1", "2"]),
        ([1.0, 2.0], "integer", [1, 2]),
        ([0, 1], "boolean", [False, True]),
        (["1", "2"], "integer", [1, 2]),
        (["1.234,5", "2"], "number", [1234.5, 2.0]),
        ([True, False], "category", ["true", "false"]),
        ([date(2024, 2, 13), None], "category", ["2024-02-13", None]),
    ],
)
def test_a_type_that_was_set_converts_what_loses_nothing(
    world: Any, values: list[Any], kind: str, stored: list[Any]
) -> None:
    world.write("f.parquet", pa.table({"x": values, "y": [1, 2]}))
    assert world.values(world.ingest("f.parquet", types={"x": kind}), "x") == stored


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1.5, 2.0], "integer"),
        ([1, 2], "boolean"),
        ([1, 2], "datetime"),
        ([date(2024, 2, 13), None], "number"),
        (["a", "1"], "number"),
    ],
)
def test_a_type_that_was_set_refuses_what_would_lose_something(
    world: Any, values: list[Any], kind: str
) -> None:
    world.write("f.parquet", pa.table({"x": values, "y": [1, 2]}))
    with pytest.raises(InvalidDataError, match=f"values of 'x' are no {kind}"):
        world.ingest("f.parquet", types={"x": kind})
