"""The laws of `MeasurementStore`; `make()` opens the store at one fresh place."""

# ruff: noqa: D103 (a law's name is its sentence, its numbers are its example)

import math
from collections.abc import Callable

from keepwell.core.ports import MeasurementStore, Point

Make = Callable[[], MeasurementStore]


def nothing_was_measured_at_first(make: Make) -> None:
    store = make()
    assert store.series("run:a") == {}
    assert store.series("run:a", ["loss"]) == {}
    assert store.read_report("endpoint:a") is None
    store.append("run:a", [])
    assert store.series("run:a") == {}


def points_come_back_in_the_order_of_time(make: Make) -> None:
    store = make()
    store.append("run:a", [Point("loss", 2.0, 0.2, 2), Point("loss", 1.0, 0.1, 1)])
    store.append("run:a", [Point("loss", 3.0, 0.3, 3), Point("auc", 1.5, 0.9)])
    assert store.series("run:a") == {
        "auc": [Point("auc", 1.5, 0.9)],
        "loss": [Point("loss", float(n), n / 10, n) for n in (1, 2, 3)],
    }


def points_of_one_time_keep_their_order(make: Make) -> None:
    store = make()
    line = [Point("loss", 5.0, float(n), n) for n in range(20)]
    store.append("run:a", line[:10])
    store.append("run:a", line[10:])
    assert store.series("run:a")["loss"] == line


def the_newest_points_are_kept_by_a_limit(make: Make) -> None:
    store = make()
    store.append("s", [Point("x", float(n), n) for n in range(10)])
    store.append("s", [Point("y", float(n), n) for n in range(3)])
    found = store.series("s", limit=4)
    assert [point.time for point in found["x"]] == [6.0, 7.0, 8.0, 9.0]
    assert [point.time for point in found["y"]] == [0.0, 1.0, 2.0]
    assert [point.time for point in store.series("s", ["x"], since=8.0)["x"]] == [8.0, 9.0]
    assert store.series("s", since=99.0) == {}


def subjects_do_not_mix(make: Make) -> None:
    store = make()
    store.append("endpoint:a", [Point("x", 1.0, 1.0)])
    store.append("endpoint:a/v1", [Point("x", 1.0, 2.0)])
    assert store.series("endpoint:a", ["x", "y"]) == {"x": [Point("x", 1.0, 1.0)]}
    assert store.series("endpoint:a", []) == {}


def numbers_that_are_not_finite_are_measured_too(make: Make) -> None:
    store = make()
    store.append(
        "s", [Point("x", 1.0, math.nan), Point("x", 2.0, math.inf), Point("x", 3.0, -math.inf)]
    )
    values = [point.value for point in store.series("s")["x"]]
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf]


def a_report_is_the_last_one_written(make: Make) -> None:
    store = make()
    store.write_report("endpoint:a", 10.0, {"n": 1})
    store.write_report("endpoint:a", 20.0, {"n": 2, "deep": {"list": [1.5, None, "ü"]}})
    store.write_report("endpoint:b", 30.0, {"n": 3})
    assert store.read_report("endpoint:a") == {"n": 2, "deep": {"list": [1.5, None, "ü"]}}
    assert store.read_report("endpoint:a", at=19.9) == {"n": 1}
    assert store.read_report("endpoint:a", at=9.9) is None


def what_was_measured_is_there_when_it_is_opened_again(make: Make) -> None:
    make().append("s", [Point("x", 1.0, 1.0)])
    assert make().series("s") == {"x": [Point("x", 1.0, 1.0)]}
