"""What happened lately is kept once, by all workers together, and never told by half."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from keepwell.core.errors import InvalidRequestError, StorageError, UnavailableError
from keepwell.core.features import Window
from keepwell.core.records import ColumnType, Field, History, Signature, Task
from keepwell.features.windows import Completer, WindowStore

DAY = 86_400 * 1_000_000
NOW = 400 * 86_400.0
SPENT = Window(name="spent", aggregate="sum", of="amount", by="who", over=86_400.0)
LONGER = Window(name="longer", aggregate="sum", of="amount", by="who", over=20 * 86_400.0)
SERIES = SPENT.series


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "serving" / "windows.db"


@pytest.fixture
def store(path: Path) -> Iterator[WindowStore]:
    opened = WindowStore(path)
    opened.declare([SPENT])
    yield opened
    opened.close()


def fill(store: WindowStore, days: list[float], *, whole: bool = True) -> int:
    times = np.array([round(day * DAY) for day in days], dtype=np.int64)
    return store.fill(SERIES, ["a"] * len(days), times, [1.0] * len(days), now=NOW, whole=whole)


def kept(store: WindowStore) -> list[float]:
    past = store.past(store.series()[SERIES], "a", -(2**62), 2**62)
    return sorted(time / DAY for time, _ in past.events)


def completer(store: WindowStore, *windows: Window) -> Completer:
    columns = (
        Field(name="at", type=ColumnType.DATETIME),
        Field(name="who", type=ColumnType.CATEGORY),
        Field(name="amount", type=ColumnType.NUMBER),
    )
    history = History(windows=windows, time="at", columns=columns)
    inputs = tuple(Field(name=one.name, type=ColumnType.NUMBER) for one in windows)
    return Completer(
        [Signature(task=Task.REGRESSION, target="y", inputs=inputs, history=history)], store
    )


def test_the_same_events_again_add_nothing(store: WindowStore) -> None:
    assert fill(store, [300, 300, 301]) == 3  # two of them alike, and both happened
    assert fill(store, [300, 300, 301]) == 0
    assert fill(store, [300, 300, 300]) == 1
    assert kept(store) == [300, 300, 300, 301]


def test_what_an_endpoint_was_asked_is_not_added_again_by_the_data(store: WindowStore) -> None:
    store.record([(store.series()[SERIES], "a", 300 * DAY, 1.0)], NOW)
    assert fill(store, [299, 300]) == 1


def test_another_worker_sees_it_at_once(store: WindowStore, path: Path) -> None:
    other = WindowStore(path)
    row = {"who": "a", "amount": 2.5, "at": "1971-01-01T00:00:00"}
    mine, theirs = completer(store, SPENT), completer(other, SPENT)
    mine.keep(mine.complete([dict(row)], NOW), NOW)
    later = row | {"at": "1971-01-01T00:00:01"}
    theirs.complete([later], NOW)
    assert later["spent"] == 2.5
    other.close()


def test_old_events_go_and_who_asks_about_them_is_refused(store: WindowStore) -> None:
    fill(store, [300, 390])
    assert kept(store) == [390]
    asked = completer(store, SPENT)
    asked.complete([{"who": "a", "amount": 1.0, "at": "1971-01-27"}], NOW)  # day 391
    with pytest.raises(InvalidRequestError, match="'at' of instance 0 lies too far back"):
        asked.complete([{"who": "a", "amount": 1.0, "at": "1970-12-01"}], NOW)


def test_a_time_in_the_future_makes_nothing_old(store: WindowStore) -> None:
    fill(store, [399, 9000])
    assert kept(store) == [399, 9000]
    store.tidy(NOW)
    assert kept(store) == [399, 9000]


def test_tidying_removes_what_no_window_reaches(store: WindowStore) -> None:
    fill(store, [10, 11], whole=False)
    assert kept(store) == [10, 11]
    number = store.series()[SERIES]
    store.record([(number, "a", 390 * DAY, 1.0)] * 1000, NOW)
    assert set(kept(store)) == {390}
    assert store.past(number, "a", 0, 1).floor == 382 * DAY


def test_a_longer_window_is_filled_from_the_data_again(store: WindowStore) -> None:
    days = [350.0, 370.0, 390.0]
    fill(store, days)
    assert kept(store) == [390]
    store.declare([LONGER])
    assert fill(store, days) == 2
    row = {"who": "a", "amount": 1.0, "at": "1971-01-27"}
    completer(store, LONGER).complete([row], NOW)
    assert row["longer"] == 1.0  # of day 390; 371 to 391 is its window


def test_a_series_that_nobody_serves_goes_on(store: WindowStore) -> None:
    other = Window(name="seen", aggregate="count", by="shop", over=3600.0)
    store.declare([other])
    asked = completer(store, SPENT)
    row = {"who": "a", "amount": 1.0, "at": "1971-01-01", "shop": 7}
    asked.keep(asked.complete([row], NOW), NOW)
    past = store.past(store.series()[other.series], "7", 0, 2**62)
    assert len(past.events) == 1


def test_a_series_that_is_declared_later_is_kept_from_then_on(store: WindowStore) -> None:
    asked = completer(store, SPENT)
    row = {"who": "a", "amount": 1.0, "at": "1971-01-01", "shop": 7}
    asked.keep(asked.complete([dict(row)], NOW), NOW)
    other = Window(name="seen", aggregate="count", by="shop", over=3600.0)
    store.declare([other])
    asked.keep(asked.complete([dict(row)], NOW + 2), NOW + 2)
    past = store.past(store.series()[other.series], "7", 0, 2**62)
    assert len(past.events) == 1


def test_a_store_that_was_never_filled_says_so(path: Path) -> None:
    empty = WindowStore(path)
    with pytest.raises(
        UnavailableError, match="nothing is known of what happened before"
    ) as refused:
        completer(empty, SPENT).complete([{"who": "a", "amount": 1.0}], NOW)
    assert "keepwell features push" in refused.value.now
    empty.close()


def test_a_broken_file_is_told(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StorageError, match="cannot be read or kept"):
        WindowStore(path).series()


def test_the_file_is_plain_sqlite(store: WindowStore, path: Path) -> None:
    fill(store, [390])
    with sqlite3.connect(path) as file:
        assert file.execute("SELECT count(*) FROM events").fetchone() == (1,)
    file.close()
