import json
from typing import Any

import pyarrow as pa
import pytest

from keepwell.core.errors import NotFoundError
from keepwell.data import chunks
from keepwell.data.differences import DatasetDiff, SchemaChange
from keepwell.infrastructure.codec import to_json


def rows_of(count: int, odd: dict[int, str] | None = None, header: str = "id,x,y") -> str:
    odd = odd or {}
    body = (odd.get(n, f"c{n},{n % 7},v{n % 3}") for n in range(count))
    return header + "\n" + "".join(f"{row}\n" for row in body if row)


def diff(world: Any, before: str, after: str, key: str = "") -> DatasetDiff:
    world.write("f.csv", before)
    world.ingest("f.csv", contract=None)
    world.write("f.csv", after)
    world.ingest("f.csv", contract=None)
    found: DatasetDiff = world.datasets.diff("d", 1, 2, key=key)
    json.loads(to_json(found))
    return found


def test_counts_rows_that_came_went_and_changed_by_key(world: Any) -> None:
    after = rows_of(103, {5: "", 7: "c7,99,v9"})
    found = diff(world, rows_of(100), after, key="id")
    assert (found.rows_before, found.rows_after) == (100, 102)
    assert (found.added, found.removed, found.changed) == (3, 1, 1)
    assert found.removed_rows == ({"id": "c5", "x": "5", "y": "v2"},)
    assert found.changed_rows == ({"id": "c7", "x": "0 → 99", "y": "v1 → v9"},)
    assert {row["id"] for row in found.added_rows} == {"c100", "c101", "c102"}


def test_without_a_key_a_changed_row_went_and_came(world: Any) -> None:
    found = diff(world, rows_of(100), rows_of(100, {7: "c7,99,v9"}))
    assert (found.added, found.removed, found.changed) == (1, 1, 0)
    assert found.added_rows == ({"id": "c7", "x": "99", "y": "v9"},)


def test_rows_that_occur_several_times_are_counted_so(world: Any) -> None:
    found = diff(world, "a,b\n" + "1,2\n" * 10 + "3,4\n", "a,b\n" + "1,2\n" * 7 + "3,4\n" * 3)
    assert (found.added, found.removed) == (2, 3)


def test_the_order_of_rows_is_no_difference_of_rows(world: Any) -> None:
    found = diff(world, "a,b\n1,x\n2,y\n", "a,b\n2,y\n1,x\n")
    assert (found.added, found.removed, found.changed) == (0, 0, 0)


def test_missing_values_are_equal_to_each_other(world: Any) -> None:
    found = diff(world, "k,b\n1,\n2,y\n", "k,b\n1,\n2,\n", key="k")
    assert (found.added, found.removed, found.changed) == (0, 0, 1)
    assert found.changed_rows == ({"k": "2", "b": "y → None"},)


def test_tells_columns_that_came_went_or_changed_their_type(world: Any) -> None:
    found = diff(world, "a,b,c\n1,x,1\n2,y,2\n", "a,c,d\n1,1.5,u\n2,2,v\n")
    assert found.schema == (
        SchemaChange(column="b", before="category", after=None),
        SchemaChange(column="c", before="integer", after="number"),
        SchemaChange(column="d", before=None, after="category"),
    )
    assert (found.added, found.removed) == (1, 1)


def test_tells_statistics_that_moved_the_largest_first(world: Any) -> None:
    before = "a,b,c\n" + "".join(f"{n % 50},red,{n % 10}\n" for n in range(100))
    after = "a,b,c\n" + "".join(
        f"{n % 50 + 500},{'red' if n % 2 else 'blue'},{n % 10 if n > 20 else ''}\n"
        for n in range(100)
    )
    found = diff(world, before, after)
    told = {(shift.column, shift.statistic) for shift in found.shifts}
    assert (found.shifts[0].column, found.shifts[0].statistic) == ("a", "mean")
    assert {("b", "share of 'red'"), ("b", "share of 'blue'"), ("c", "missing")} <= told


def test_equal_chunks_are_shared_and_not_compared(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 1024)
    found = diff(world, rows_of(5000), rows_of(5000, {2000: "c2000,99,v9"}), key="id")
    assert (found.shared, found.chunks, found.changed) == (4, 5, 1)
    assert str(found) == "d: 5,000 → 5,000 rows, 1 changed, 4 of 5 chunks shared"


def test_a_whole_number_equals_the_same_number(world: Any) -> None:
    found = diff(world, "k,x\na,1\nb,2\n", "k,x\na,1\nb,2.5\n", key="k")
    assert (found.changed, found.added, found.removed) == (1, 0, 0)
    assert [change.column for change in found.schema] == ["x"]


def test_a_chunk_that_comes_twice_and_then_once_is_a_difference(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 1024)
    found = diff(world, "a,b\n" + "1,2\n" * 2048, "a,b\n" + "1,2\n" * 1024)
    assert (found.added, found.removed) == (0, 1024)


def test_a_version_does_not_differ_from_itself(world: Any) -> None:
    world.write("f.csv", rows_of(10))
    world.ingest("f.csv")
    found = world.datasets.diff("d", 1, 1)
    assert (found.added, found.removed, found.schema, found.shifts) == (0, 0, (), ())


def test_awkward_names_are_compared_too(world: Any) -> None:
    names = ['it\'s "q"', "a", "A", "😀"]
    for number in (1, 2):
        world.write("f.parquet", pa.table({name: [number, 5] for name in names}))
        world.ingest("f.parquet", contract=None)
    found = world.datasets.diff("d", 1, 2)
    assert (found.added, found.removed) == (1, 1)
    assert found.added_rows == (dict.fromkeys(names, "2"),)


def test_a_key_that_is_not_there_is_refused(world: Any) -> None:
    with pytest.raises(NotFoundError, match="'ID' is not a column of both") as caught:
        diff(world, rows_of(3), rows_of(4), key="ID")
    assert caught.value.now == "did you mean 'id'?"
