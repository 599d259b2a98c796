import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.monitoring.history import Delays

NOW = 1_000_000.0
DAY = 86_400.0


def stream(
    mean: float, days: float, seed: int = 0, rows: int = 4000
) -> tuple[np.ndarray, np.ndarray]:
    """Return predictions spread over some days, and their outcomes that have come by now."""
    random = np.random.default_rng(seed)
    predicted = NOW - random.random(rows) * days * DAY
    came = predicted + random.exponential(mean * DAY, rows)
    return predicted[came <= NOW], came[came <= NOW]


def test_delays_that_are_cut_off_are_not_taken_for_short_ones() -> None:
    predicted, came = stream(mean=3, days=20)
    delays = Delays.observed(predicted, came, NOW)
    naive = float(np.mean(came - predicted <= 3 * DAY))
    matured = delays.matured(np.array([3 * DAY]))
    assert matured == pytest.approx(1 - np.exp(-1), abs=0.03)
    assert naive > 0.67, "the histogram of what came makes delays look shorter"


@settings(max_examples=20, deadline=None)
@given(mean=st.floats(0.5, 3), seed=st.integers(0, 99))
def test_the_share_that_has_come_rises_from_nothing_to_all(mean: float, seed: int) -> None:
    delays = Delays.observed(*stream(mean, days=12, seed=seed, rows=800), NOW)
    assert list(delays.share) == sorted(delays.share)
    assert delays.matured(np.array([-1.0])) == 0
    assert delays.matured(np.array([1000 * DAY])) == 1
    assert delays.share[0] > 0
    median = delays.quantile(0.5)
    assert median is not None
    assert median / DAY == pytest.approx(mean * np.log(2), rel=0.35)


def test_nobody_knows_before_outcomes_came_unless_the_project_file_says() -> None:
    unknown = Delays.observed(np.array([NOW]), np.array([NOW]), NOW)
    assert unknown.matured(np.array([DAY])) is None
    assert unknown.quantile(0.5) is None
    declared = Delays.declared(7 * DAY)
    assert declared.matured(np.array([DAY, 8 * DAY])) == 0.5
    assert Delays.declared(0).matured(np.array([DAY])) is None


def test_a_clock_that_went_back_does_no_harm() -> None:
    predicted = np.linspace(NOW - DAY, NOW, 100)
    delays = Delays.observed(predicted, predicted - 5.0, NOW)
    assert delays.matured(np.array([0.0])) == 1
