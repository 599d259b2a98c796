from datetime import UTC, datetime

import numpy as np
import pytest

from keepwell.features.forecasting import Grid, find_grid


def months(count: int, start: int = 2020) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    moments = [datetime(start + n // 12, n % 12 + 1, 1, tzinfo=UTC) for n in range(count)]
    return np.array([moment.timestamp() for moment in moments])


@pytest.mark.parametrize(
    ("step", "name", "cycles"),
    [
        (60.0, "minute", [60, 1440, 10080, 525960]),
        (900.0, "15 minutes", [4, 96, 672, 35064]),
        (3600.0, "hour", [24, 168, 8766]),
        (86400.0, "day", [7, 365]),
        (604800.0, "week", [52]),
    ],
)
def test_finds_steps_and_their_cycles(step: float, name: str, cycles: list[int]) -> None:
    grid = find_grid(1.6e9 + step * np.array([0, 1, 2, 3, 5, 6, 7]))
    assert grid is not None
    assert grid.name == name
    assert grid.cycles == cycles
    assert grid.steps(np.array([1.6e9 + 4 * step])).tolist() == [4.0]


def test_finds_months_although_they_differ_in_length() -> None:
    grid = find_grid(months(30))
    assert grid == Grid(start=months(1)[0], months=1)
    assert grid.steps(months(30)).tolist() == list(range(30))
    assert grid.seconds(np.arange(30)).tolist() == months(30).tolist()
    assert grid.said(13) == "2021-02-01T00:00:00Z"
    assert grid.cycles == [12]
    quarters = find_grid(months(60)[::3])
    assert quarters is not None
    assert (quarters.months, quarters.cycles) == (3, [4])


def test_takes_no_times_for_steps_that_follow_none() -> None:
    random = np.random.default_rng(0)
    assert find_grid(np.cumsum(random.exponential(1000.0, 200))) is None
    assert find_grid(np.array([0.0, 1.0])) is None


def test_has_no_step_between_two() -> None:
    grid = Grid(start=0.0, step=3600.0)
    assert np.isnan(grid.steps(np.array([1800.0, float("nan")]))).all()
