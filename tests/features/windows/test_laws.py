"""Windows of a table and of requests one by one: one meaning, and nothing later is ever seen."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.features import AGGREGATES, Window
from keepwell.core.records import ColumnType, Field, History, Signature, Task
from keepwell.features.windows import Completer, WindowStore, windowed

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
WINDOWS = (
    *(
        Window(name=f"{kind}_{seconds}", aggregate=kind, of="amount", by="who", over=float(seconds))
        for kind in AGGREGATES
        for seconds in (3, 10)
    ),
    Window(name="rows", aggregate="count", by="who", over=5.0),
)
COLUMNS = (
    Field(name="at", type=ColumnType.DATETIME),
    Field(name="who", type=ColumnType.CATEGORY),
    Field(name="amount", type=ColumnType.NUMBER),
)
SIGNATURE = Signature(
    task=Task.REGRESSION,
    target="y",
    inputs=tuple(Field(name=one.name, type=ColumnType.NUMBER) for one in WINDOWS),
    history=History(windows=WINDOWS, time="at", columns=COLUMNS),
)
EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "who": st.sampled_from(["a", "b", None]),
            "at": st.integers(0, 30).map(lambda second: EPOCH + timedelta(seconds=second)),
            "amount": st.one_of(
                st.none(),
                st.sampled_from([0.1, 0.2, 0.3, -0.0, 1e17, -1e17]),
                st.floats(allow_nan=False, allow_infinity=False, width=64),
            ),
        }
    ),
    max_size=16,
)


def table(rows: list[dict[str, Any]]) -> pa.Table:
    kinds = {"who": pa.string(), "at": pa.timestamp("us", "UTC"), "amount": pa.float64()}
    return pa.table(
        {name: pa.array([row[name] for row in rows], kind) for name, kind in kinds.items()}
    )


def offline(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = windowed(table(rows), WINDOWS, "at").to_pylist()
    return found


@contextmanager
def completing() -> Iterator[Completer]:
    with TemporaryDirectory() as folder:
        store = WindowStore(Path(folder) / "windows.db")
        store.declare(WINDOWS)
        try:
            yield Completer([SIGNATURE], store)
        finally:
            store.close()


@settings(max_examples=25, deadline=None)
@given(EVENTS)
def test_rows_that_are_asked_for_one_by_one_get_what_the_table_says(
    rows: list[dict[str, Any]],
) -> None:
    expected = offline(rows)
    with completing() as completer:
        for place in sorted(range(len(rows)), key=lambda place: rows[place]["at"]):
            row = dict(rows[place])
            completer.keep(completer.complete([row], 0.0), 4e9)
            assert {one.name: row[one.name] for one in WINDOWS} == expected[place]


@settings(max_examples=10, deadline=None)
@given(EVENTS)
def test_the_rows_of_one_request_are_a_table(rows: list[dict[str, Any]]) -> None:
    with completing() as completer:
        asked = [dict(row) for row in rows]
        completer.complete(asked, 0.0)
    assert [{one.name: row[one.name] for one in WINDOWS} for row in asked] == offline(rows)


@settings(max_examples=12, deadline=None)
@given(EVENTS, st.integers(0, 30))
def test_nothing_later_and_nothing_of_the_same_moment_is_seen(
    rows: list[dict[str, Any]], second: int
) -> None:
    moment = EPOCH + timedelta(seconds=second)
    asked = {"who": "a", "at": moment, "amount": 1.0}
    before = [row for row in rows if row["at"] < moment]
    assert offline([*rows, asked])[-1] == offline([*before, asked])[-1]


@settings(max_examples=10, deadline=None)
@given(EVENTS, st.randoms())
def test_the_order_of_the_rows_is_all_the_same(rows: list[dict[str, Any]], random: Any) -> None:
    places = list(range(len(rows)))
    random.shuffle(places)
    shuffled = offline([rows[place] for place in places])
    expected = offline(rows)
    assert shuffled == [expected[place] for place in places]


def test_a_window_begins_with_its_first_moment_and_ends_before_the_row() -> None:
    rows = [
        {"who": "a", "at": EPOCH + timedelta(seconds=second), "amount": float(second)}
        for second in (0, 7, 9, 10)
    ]
    told = offline(rows)[-1]
    assert (told["count_10"], told["count_3"], told["sum_3"]) == (3, 2, 16.0)
    assert (told["min_10"], told["max_10"], told["last_10"], told["rows"]) == (0.0, 9.0, 9.0, 2)
    assert told["std_3"] == pytest.approx(2**0.5)
    first = offline(rows)[0]
    assert (first["count_10"], first["sum_10"], first["rows"]) == (0, 0.0, 0)
    assert [first[f"{kind}_10"] for kind in ("mean", "min", "max", "std", "last")] == [None] * 5


def test_of_several_at_the_last_moment_the_largest_is_the_last() -> None:
    at = [EPOCH, EPOCH, EPOCH, EPOCH + timedelta(seconds=1)]
    rows = [
        {"who": "a", "at": moment, "amount": amount}
        for moment, amount in zip(at, [2.0, 5.0, None, 1.0], strict=True)
    ]
    assert offline(rows)[-1]["last_3"] == 5.0


def test_a_row_without_key_or_time_has_no_value_and_is_no_event() -> None:
    rows: list[dict[str, Any]] = [
        {"who": None, "at": EPOCH, "amount": 1.0},
        {"who": "a", "at": None, "amount": 1.0},
        {"who": "a", "at": EPOCH + timedelta(seconds=1), "amount": 1.0},
    ]
    told = offline(rows)
    assert set(told[0].values()) == set(told[1].values()) == {None}
    assert told[2]["rows"] == 0


def test_no_rows_have_no_values() -> None:
    assert offline([]) == []
