import numpy as np
import pyarrow as pa
import pytest

from keepwell.core.records import Column, ColumnType
from keepwell.data.profiles import profile_table
from keepwell.monitoring.counting import count_column
from keepwell.monitoring.sketches.counted import Counted
from keepwell.monitoring.words import describe_change, number, percent

NORMAL = np.random.default_rng(0).normal(50, 10, 5000)


def counted(before: object, after: object, kind: ColumnType = ColumnType.NUMBER) -> Counted:
    profile = profile_table(pa.table({"x": before}), [Column(name="x", type=kind)])
    return count_column(profile.columns[0], pa.array(after))


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (NORMAL - 8.2, "`x` is 8.2 lower on average (50 to 41.8)"),
        (NORMAL + 60, "`x` is 60 higher on average (50 to 110); 99.7% of rows lie outside"),
        (50 + (NORMAL - 50) * 2, "`x` varies 2.0 times as much as in training"),
        (50 + (NORMAL - 50) / 4, "`x` varies only 0.2 times as much as in training"),
        (np.where(abs(NORMAL - 50) < 6, 50.0, NORMAL), "values of `x` from"),
    ],
)
def test_numbers_have_a_direction(after: object, says: str) -> None:
    assert describe_change(counted(NORMAL, after)).startswith(says)


@pytest.mark.parametrize(
    ("after", "says"),
    [
        ([*"aaab"] * 5, "'a' makes up 75% of rows of `x`, 50% in training"),
        ([*"aaaa"] * 5, "category 'b' of `x` is gone, it was 50% of rows"),
        ([*"abc"] * 5, "new category 'c' in 33% of rows of `x`"),
        ([*"abccde"] * 5, "'c' and 2 more new categories in 67% of rows of `x`"),
    ],
)
def test_categories_are_named(after: list[str], says: str) -> None:
    seen = counted(["a", "b"] * 50, after, ColumnType.CATEGORY)
    assert describe_change(seen) == says


def test_numbers_are_written_as_people_do() -> None:
    assert [number(value) for value in (0.0, 0.01234, 8.2, 1234.5, -2e6)] == [
        "0",
        "0.0123",
        "8.2",
        "1,234",
        "-2,000,000",
    ]
    assert [percent(share) for share in (0.0, 0.004, 0.12, 1.0)] == ["0%", "0.4%", "12%", "100%"]
