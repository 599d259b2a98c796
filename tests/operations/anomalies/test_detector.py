"""What the detector calls unusual, and what it lets pass."""

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepwell.operations.anomalies import SeriesDetector
from keepwell.operations.anomalies.surprise import Surprise
from keepwell.operations.anomalies.views import Season

STEP = 300.0


def found(values: list[float]) -> list[tuple[int, str]]:
    """Return where a detector sees anomalies, and by which view."""
    detector = SeriesDetector()
    scores = [detector.update(at * STEP, value) for at, value in enumerate(values)]
    return [(at, score.view) for at, score in enumerate(scores) if score.anomaly]


def noise(count: int, seed: int = 0) -> list[float]:
    dice = random.Random(seed)
    return [dice.gauss(10, 1) for _ in range(count)]


def daily(count: int, seed: int = 0) -> list[float]:
    return [
        value + 5 * math.sin(2 * math.pi * at / 288) for at, value in enumerate(noise(count, seed))
    ]


def test_a_spike_is_found_at_once_and_told_once() -> None:
    values = noise(800)
    values[700:703] = [40.0, 39.0, 41.0]
    places = [at for at, _ in found(values) if at >= 100]
    assert 700 in places
    assert len([at for at in places if 700 <= at < 800]) <= 2


def test_a_new_level_is_found_soon() -> None:
    values = noise(1000)
    moved = values[:800] + [value + 4 for value in values[800:]]
    assert any(800 <= at < 815 for at, _ in found(moved))


def test_a_night_at_noon_is_found_though_the_value_is_usual() -> None:
    values = daily(288 * 8)
    noon = 288 * 7 + 72  # the top of the day
    values[noon : noon + 12] = [5.0] * 12
    assert any(noon <= at < noon + 12 for at, _ in found(values))
    season = Season()
    seen = [season.see(at * STEP, value, 3.0).oddness for at, value in enumerate(values)]
    assert min(seen[noon : noon + 12]) > max(seen[288:noon])


@pytest.mark.parametrize("make", [noise, daily])
def test_false_alarms_are_few(make: Callable[[int, int], list[float]]) -> None:
    alarms = sum(len(found(make(2000, seed))) for seed in range(3))
    assert alarms <= 3 * 2000 * 5 * 0.001 * 1.5


def test_values_that_are_no_numbers_are_passed_over() -> None:
    detector = SeriesDetector()
    assert detector.update(0.0, math.nan).surprise == 0
    assert detector.update(1.0, math.inf).surprise == 0


@given(st.lists(st.floats(-1e9, 1e9), max_size=100))
def test_the_same_series_gets_the_same_scores(values: list[float]) -> None:
    first, second = SeriesDetector(), SeriesDetector()
    for at, value in enumerate(values):
        one, two = first.update(at * STEP, value), second.update(at * STEP, value)
        assert (one.surprise, one.anomaly, one.view) == (two.surprise, two.anomaly, two.view)


def test_surprise_is_three_once_in_a_thousand() -> None:
    surprise, dice = Surprise(), random.Random(5)
    scores = [surprise.of(dice.random()) for _ in range(6000)]
    late = scores[1000:]
    assert sum(score >= 2 for score in late) / len(late) == pytest.approx(0.01, abs=0.005)
    assert sum(score >= 3 for score in late) <= 15
