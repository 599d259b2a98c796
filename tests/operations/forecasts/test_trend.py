"""When a limit will be reached, and when nothing is to be said."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepwell.core.ports import Point
from keepwell.operations.forecasts.trend import reach

HOUR = 3600.0


def line(slope: float, noise: float = 0.0, count: int = 200, start: float = 50.0) -> list[Point]:
    dice = random.Random(3)
    return [
        Point("disk_percent", at * 60.0, start + slope * at * 60.0 + dice.gauss(0, noise))
        for at in range(count)
    ]


@given(st.floats(1.0, 20.0))
def test_a_straight_line_is_followed_to_the_limit(rise: float) -> None:
    points = line(rise / HOUR)
    found = reach(points, 150.0)
    assert found is not None
    left = (150.0 - points[-1].value) / (rise / HOUR)
    assert found.middle - points[-1].time == pytest.approx(left, rel=1e-6)
    assert found.low <= found.middle <= found.high


def test_noise_widens_the_interval_and_the_truth_lies_in_it() -> None:
    points = line(5.0 / HOUR, noise=1.0)
    found = reach(points, 100.0)
    assert found is not None
    truth = 50.0 / (5.0 / HOUR)
    assert found.low < truth < found.high
    assert found.high > found.low


@pytest.mark.parametrize(
    "points",
    [
        line(0.0, noise=1.0),
        line(-5.0 / HOUR),
        line(5.0 / HOUR, count=3),
        [],
        line(5.0 / HOUR, start=120.0),
        [Point("disk_percent", 60.0 * at, 50.0 + 40.0 * (at == 150)) for at in range(200)],
    ],
    ids=["level", "falling", "few", "none", "beyond", "burst"],
)
def test_nothing_is_foretold_without_a_steady_rise(points: list[Point]) -> None:
    assert reach(points, 100.0) is None
