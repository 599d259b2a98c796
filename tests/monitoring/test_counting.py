import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.records import Column, ColumnProfile, ColumnType
from keepwell.data.profiles import profile_table
from keepwell.monitoring.counting import count_column
from keepwell.monitoring.sketches.counted import Counted

NUMBER, CATEGORY = ColumnType.NUMBER, ColumnType.CATEGORY


def profiled(values: object, kind: ColumnType) -> ColumnProfile:
    table = pa.table({"x": values})
    return profile_table(table, [Column(name="x", type=kind)]).columns[0]


def counts(counted: Counted) -> tuple[list[float], list[float]]:
    assert counted.reference is not None
    assert counted.current is not None
    return list(counted.reference.counts), list(counted.current.counts)


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0]), min_size=1, max_size=300))
def test_a_column_against_itself_has_the_same_counts(values: list[float]) -> None:
    reference, current = counts(count_column(profiled(values, NUMBER), pa.array(values)))
    assert reference == current


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=300))
def test_categories_against_themselves_have_the_same_counts(values: list[str]) -> None:
    reference, current = counts(count_column(profiled(values, CATEGORY), pa.array(values)))
    assert reference == current


def test_what_has_no_value_is_missing() -> None:
    profile = profiled([1.0, 2.0, 3.0], NUMBER)
    seen = count_column(profile, pa.array([1.0, None, np.nan, np.inf, 9.0, 0.0]))
    assert (seen.rows, seen.missing, seen.outside) == (6, 3, 2)
    assert seen.mean == pytest.approx(10 / 3)
    label = count_column(profiled(["a", "b"], CATEGORY), pa.array(["a", None, ""]))
    assert (label.rows, label.missing) == (3, 2)


def test_a_constant_of_training_has_two_sides() -> None:
    seen = count_column(profiled([5.0, 5.0], NUMBER), pa.array([4.0, 5.0, 5.0, 6.0, 7.0]))
    assert counts(seen) == ([0, 2, 0], [1, 2, 2])


def test_unseen_categories_are_named_most_frequent_first() -> None:
    profile = profiled(["a", "a", "b"], CATEGORY)
    seen = count_column(profile, pa.array(["z", "y", "y", "a", "y"]))
    assert seen.unseen == (("y", 3), ("z", 1))
    assert counts(seen) == ([2, 1, 0], [1, 0, 4])


def test_a_label_that_is_a_number_may_be_written_otherwise() -> None:
    profile = profiled(["1", "2", "2"], CATEGORY)
    assert counts(count_column(profile, pa.array(["1.0", "2", "02"]))) == ([2, 1, 0], [2, 1, 0])
    assert counts(count_column(profile, pa.array([1, 2, 2]))) == ([2, 1, 0], [2, 1, 0])


def test_booleans_may_be_zero_and_one() -> None:
    profile = profiled([True, False, True], ColumnType.BOOLEAN)
    assert counts(count_column(profile, pa.array([1.0, 0.0, None]))) == ([2, 1, 0], [1, 1, 0])
    assert counts(count_column(profile, pa.array([True, False]))) == ([2, 1, 0], [1, 1, 0])


def test_of_many_categories_none_is_called_new() -> None:
    profile = profiled([f"city {row}" for row in range(200)], CATEGORY)
    seen = count_column(profile, pa.array(["city 999", "city 1"]))
    assert seen.unseen == ()


def test_dates_and_texts_are_counted_for_missing_values_only() -> None:
    profile = profiled(["some words here", "other words"], ColumnType.TEXT)
    seen = count_column(profile, pa.array(["a", None]))
    assert (seen.missing, seen.reference) == (1, None)


def test_bars_add_up() -> None:
    profile = profiled(list(range(100)), ColumnType.INTEGER)
    bars = count_column(profile, pa.array([-5, 0, 50, 99, 500])).bars
    assert sum(bars.current) == pytest.approx(0.6)
    assert (bars.below, bars.above) == (0.2, 0.2)
    labels = count_column(profiled([*"aabc"], CATEGORY), pa.array([*"abz"])).bars
    assert labels.labels == ("a", "b", "c", "other")
    assert labels.current == pytest.approx((1 / 3, 1 / 3, 0, 1 / 3), abs=1e-3)


def test_an_empty_column_is_not_compared() -> None:
    assert count_column(profiled([1.0], NUMBER), pa.array([], pa.float64())).current is None
    assert count_column(profiled(["a"], CATEGORY), pa.array([], pa.string())).current is None
    nothing = ColumnProfile(name="x", type=NUMBER, rows=5, missing=5)
    assert count_column(nothing, pa.array([1.0])).current is None


def test_an_empty_label_of_training_is_a_missing_one() -> None:
    profile = profiled(["a", "a", "", "b"], CATEGORY)
    seen = count_column(profile, pa.array(["a", "", None]))
    assert (seen.missing, seen.profile.missing) == (2, 1)
    assert counts(seen) == ([2, 1, 0], [1, 0, 0])


def test_a_column_that_runs_like_a_clock_is_worth_little() -> None:
    seen = count_column(profiled(list(range(1000)), NUMBER), pa.array(np.arange(1000.0, 2000.0)))
    assert seen.worth < 5
    assert seen.runs
    assert not count_column(profiled([1.0, 2.0], NUMBER), pa.array([1.0, 3.0, 2.0])).runs
    assert not count_column(profiled([1.0, 2.0], NUMBER), pa.array([3.0, 3.0, 3.0])).runs
