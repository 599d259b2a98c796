"""Another unit is told from a world that moved."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from keepwell.core.records import Column, ColumnProfile, ColumnType
from keepwell.data.profiles import profile_table
from keepwell.monitoring.breaks.units import another_unit

Numbers = NDArray[np.float64]
WORLD = np.random.default_rng(0)
AGES = WORLD.gamma(4, 1.5, 5000)
WARMTH = WORLD.normal(12, 6, 5000)
NOW = np.random.default_rng(1)
AGED, WARM = NOW.gamma(4, 1.5, 100), NOW.normal(12, 6, 100)


def profile(values: Numbers) -> ColumnProfile:
    column = [Column(name="x", type=ColumnType.NUMBER)]
    return profile_table(pa.table({"x": values}), column).columns[0]


@pytest.mark.parametrize(
    ("values", "said"),
    [(AGED * 1000, "times as large"), (AGED / 24, "times as small"), (AGED * 60, "times as large")],
)
def test_a_factor_is_another_unit(values: Numbers, said: str) -> None:
    assert said in another_unit(values, profile(AGES))


def test_the_factor_is_told() -> None:
    assert another_unit(AGES[:200] * 24, profile(AGES)).startswith("is about 2")


def test_kelvin_are_no_degrees() -> None:
    told = another_unit(WARM + 273.15, profile(WARMTH))
    assert "higher than in training" in told
    assert another_unit(WARM * 1.8 + 300, profile(WARMTH))


def test_numbers_beyond_everything_need_no_shape() -> None:
    assert "times as far from zero" in another_unit(np.full(80, 12_000.0), profile(AGES))


@pytest.mark.parametrize(
    ("reference", "values"),
    [
        (AGES, AGED),
        (AGES, AGED * 2),  # prices double now and then
        (AGES, AGED + 3),
        (AGES, AGED[AGED > 6]),
        (AGES, np.concatenate([AGED[:60], AGED[60:] * 40])),  # in some of the rows only
        (AGES, NOW.exponential(40, 100)),  # far larger, of another shape
        (WARMTH, WARM + 12),  # a heat wave
        (WARMTH, NOW.normal(45, 1, 100)),  # out of range, and nothing like before
    ],
)
def test_a_world_that_moves_is_none(reference: Numbers, values: Numbers) -> None:
    assert another_unit(values, profile(reference)) == ""


def test_a_few_rows_and_a_column_of_one_value_say_nothing() -> None:
    assert another_unit(AGED[:40] * 1000, profile(AGES)) == ""
    assert another_unit(np.full(100, 9e9), profile(np.full(500, 3.0))) == ""


@settings(max_examples=25, deadline=None)
@given(st.floats(6, 1e6), st.integers(0, 1000))
def test_law_any_large_factor_is_found_both_ways(factor: float, seed: int) -> None:
    values = np.random.default_rng(seed).lognormal(1, 0.5, 150)
    reference = profile(np.random.default_rng(7).lognormal(1, 0.5, 4000))
    assert another_unit(values * factor, reference)
    assert another_unit(values / factor, reference)
