"""The laws of `TableStore`; `make()` opens the store at one fresh place."""

# ruff: noqa: D103, PLR2004 (a law's name is its sentence, its numbers are its example)

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from keepwell.core.errors import InvalidDataError, NotFoundError, UsageError
from keepwell.core.ports import TableStore
from keepwell.testing.laws import refused

Make = Callable[[], TableStore]


def _rows(*numbers: int, part: str = "a") -> pa.Table:
    return pa.table({"n": pa.array(numbers, pa.int64()), "part": pa.array([part] * len(numbers))})


def _numbers(table: pa.Table) -> list[Any]:
    return sorted(table["n"].to_pylist())


def there_is_no_table_at_first(make: Make) -> None:
    store = make()
    assert store.version("t") is None
    assert store.written("t", "w") == -1
    with refused(NotFoundError):
        store.read("t")
    with refused(NotFoundError):
        store.dataset("t")


def versions_grow_and_never_change(make: Make) -> None:
    store = make()
    first = store.write("t", _rows(1, 2))
    second = store.write("t", _rows(3))
    third = store.write("t", _rows(9), mode="overwrite")
    assert first < second < third == store.version("t")
    assert _numbers(store.read("t")) == [9]
    assert _numbers(store.read("t", version=second)) == [1, 2, 3]
    assert _numbers(store.read("t", version=first)) == [1, 2]
    for version in (third + 1, -1):
        with refused(NotFoundError):
            store.read("t", version=version)


def a_write_without_rows_makes_the_table(make: Make) -> None:
    store = make()
    store.write("t", _rows())
    assert store.version("t") is not None
    assert store.read("t").schema.names == ["n", "part"]
    assert store.read("t").num_rows == 0


def an_append_may_widen_the_table(make: Make) -> None:
    store = make()
    store.write("t", _rows(1))
    wider = _rows(2).append_column("more", pa.array(["x"]))
    with refused(InvalidDataError):
        store.write("t", wider)
    store.write("t", wider, widen=True)
    table = store.read("t").sort_by("n")
    assert table["more"].to_pylist() == [None, "x"]
    with refused(InvalidDataError):  # what it had stays wanted
        store.write("t", pa.table({"n": [3]}), widen=True)


def only_the_rows_that_match_are_replaced(make: Make) -> None:
    store = make()
    store.write("t", pa.concat_tables([_rows(1, 2), _rows(3, part="b")]), partition_by=["part"])
    store.write("t", _rows(7), mode="overwrite", where="part = 'a'")
    assert _numbers(store.read("t")) == [3, 7]
    store.write("t", _rows(), mode="overwrite", where="part = 'b'")
    assert _numbers(store.read("t")) == [7]


def a_number_is_applied_once(make: Make) -> None:
    store = make()
    store.write("t", _rows(1), once=("w", 5))
    version = store.version("t")
    for number in (5, 4, 0):
        assert store.write("t", _rows(99), once=("w", number)) == version
    store.write("t", _rows(2), once=("w", 2**62))
    store.write("t", _rows(3), once=("other", 0))
    assert _numbers(store.read("t")) == [1, 2, 3]
    assert (store.written("t", "w"), store.written("t", "other")) == (2**62, 0)
    assert store.written("t", "nobody") == -1


def columns_and_rows_are_chosen(make: Make) -> None:
    store = make()
    store.write("t", _rows(1, 2, 3))
    assert store.read("t", columns=["n"]).schema.names == ["n"]
    assert _numbers(store.read("t", where=pc.field("n") > 1)) == [2, 3]
    assert store.dataset("t").count_rows(filter=pc.field("n") == 2) == 1


def a_reader_is_streamed(make: Make) -> None:
    store = make()
    batches = [_rows(n).to_batches()[0] for n in range(5)]
    reader = pa.RecordBatchReader.from_batches(batches[0].schema, iter(batches))
    store.write("t", reader)
    assert _numbers(store.read("t")) == [0, 1, 2, 3, 4]


def types_survive(make: Make) -> None:
    store = make()
    data = pa.table(
        {
            "int": pa.array([1, None], pa.int64()),
            "float": pa.array([0.1, None], pa.float64()),
            "flag": pa.array([True, None]),
            "text": pa.array(["naïve 🐋", None]),
            "when": pa.array([0, None], pa.timestamp("us", tz="UTC")),
            "day": pa.array([0, None], pa.timestamp("us")),
            "list": pa.array([[1.5], None], pa.list_(pa.float64())),
            "a column, with 'quotes' \"and\" more": pa.array(["", None]),
        }
    )
    store.write("t", data)
    assert store.read("t").to_pylist() == data.to_pylist()
    assert store.read("t").schema.names == data.schema.names


def rows_of_other_columns_are_refused(make: Make) -> None:
    store = make()
    store.write("t", _rows(1))
    with refused(InvalidDataError):
        store.write("t", pa.table({"n": [1], "part": ["a"], "more": [1]}))
    with refused(InvalidDataError):
        store.write("t", pa.table({"n": ["7"], "part": ["a"]}))
    with refused(InvalidDataError):
        store.write("t", pa.table({"n": [1.5], "part": ["a"]}))
    with refused(InvalidDataError):
        store.write("t", pa.table({"n": [1]}))
    assert _numbers(store.read("t")) == [1]


def all_rows_may_be_replaced_by_other_columns(make: Make) -> None:
    store = make()
    before = store.write("t", _rows(1))
    store.write("t", pa.table({"other": ["x"]}), mode="overwrite")
    assert store.read("t").to_pydict() == {"other": ["x"]}
    assert _numbers(store.read("t", version=before)) == [1]


def names_cannot_lead_elsewhere(make: Make) -> None:
    store = make()
    for name in (
        "",
        "/t",
        "t/",
        "a//b",
        "..",
        "a/../b",
        ".hidden",
        "a\\b",
        "a\0b",
        "C:",
        "a/./b",
        "~",
        "t.",
    ):
        with refused(UsageError):
            store.write(name, _rows(1))
        with refused(UsageError):
            store.read(name)
    store.write("datasets/churn v2.1_x-y", _rows(1))
    assert _numbers(store.read("datasets/churn v2.1_x-y")) == [1]


def writers_at_once_lose_nothing(make: Make) -> None:
    store = make()

    def write(number: int) -> None:
        store.write("t", _rows(number), once=(f"w{number % 2}", number))
        store.write("u", _rows(number))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(8)))
    assert _numbers(store.read("u")) == list(range(8))
    applied = _numbers(store.read("t"))
    assert len(set(applied)) == len(applied)
    assert {6, 7} <= set(applied)
