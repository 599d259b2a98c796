"""The tests that may be looked at at any time: how often they cry wolf, and what they find."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.operations.rollouts.ratio import compare_shares
from keepwell.operations.rollouts.sequential import (
    FEWEST,
    happens_more,
    mean_bounds,
    rate_bounds,
    swap_bounds,
)

ALPHA = 0.05


def ever_outside_mean(values: "np.ndarray[tuple[int], np.dtype[np.float64]]", truth: float) -> bool:
    """Look after every tenth row, as somebody would who cannot wait."""
    counts = np.arange(1, len(values) + 1)
    means = np.cumsum(values) / counts
    squares = np.cumsum(values**2) / counts
    variances = (squares - means**2) * counts / np.maximum(counts - 1, 1)
    return any(
        truth not in mean_bounds(int(n), means[n - 1], max(variances[n - 1], 0.0), ALPHA)
        for n in range(FEWEST, len(values), 10)
    )


@pytest.mark.parametrize("shape", ["normal", "skewed"])
def test_a_mean_is_missed_at_most_as_often_as_promised_however_often_one_looks(shape: str) -> None:
    random = np.random.default_rng(5)
    draw = {
        "normal": lambda: random.normal(0, 1, 2000),
        "skewed": lambda: random.exponential(1, 2000) - 1,
    }
    missed = sum(ever_outside_mean(draw[shape](), 0.0) for _ in range(200))
    assert missed / 200 <= ALPHA


def test_an_ordinary_interval_would_be_missed_far_more_often() -> None:
    """What the test above holds is not held by the usual 95% interval: this is why."""
    random = np.random.default_rng(5)
    missed = 0
    for _ in range(200):
        values = random.normal(0, 1, 2000)
        counts = np.arange(1, 2001)
        means = np.cumsum(values) / counts
        missed += bool(np.any(np.abs(means[FEWEST::10]) > 1.96 / np.sqrt(counts[FEWEST::10])))
    assert missed / 200 > 4 * ALPHA


def test_a_real_difference_is_found() -> None:
    random = np.random.default_rng(6)
    found = sum(ever_outside_mean(random.normal(0.2, 1, 2000), 0.0) for _ in range(50))
    assert found >= 48


def test_a_rate_is_missed_at_most_as_often_as_promised() -> None:
    random = np.random.default_rng(7)
    missed = 0
    for _ in range(150):
        hits = np.cumsum(random.random(1500) < 0.03)
        missed += any(
            0.03 not in rate_bounds(int(hits[n - 1]), n, ALPHA) for n in range(5, 1500, 25)
        )
    assert missed / 150 <= ALPHA


def test_more_errors_are_found_and_equal_ones_are_not() -> None:
    random = np.random.default_rng(8)
    wolf = found = 0
    for _ in range(100):
        for rate in (0.02, 0.06):
            new = random.random(4000) < 0.1  # which version a request goes to
            bad = random.random(4000) < np.where(new, rate, 0.02)
            counts = [np.cumsum(new & bad), np.cumsum(new), np.cumsum(~new & bad), np.cumsum(~new)]
            said = any(
                happens_more(
                    (int(counts[0][n]), int(counts[1][n])),
                    (int(counts[2][n]), int(counts[3][n])),
                    ALPHA,
                )
                for n in range(20, 4000, 40)
            )
            wolf += said and rate == 0.02
            found += said and rate == 0.06
    assert wolf / 100 <= ALPHA
    assert found >= 80


def test_two_versions_on_the_same_rows_are_told_apart_only_if_they_differ() -> None:
    random = np.random.default_rng(10)
    wolf = found = 0
    for _ in range(150):
        for gap in (0.0, 0.05):
            kind = random.random(2000)
            worse, better = np.cumsum(kind < 0.04 + gap), np.cumsum(kind > 0.96)
            said = any(
                0 not in swap_bounds(int(worse[n]), int(better[n]), n + 1, ALPHA)
                for n in range(10, 2000, 20)
            )
            wolf += said and gap == 0
            found += said and gap > 0
    assert wolf / 150 <= ALPHA
    assert found >= 140


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.integers(0, 400), st.floats(1e-4, 0.5))
def test_bounds_hold_what_was_seen_and_narrow_with_certainty(
    hits: int, misses: int, alpha: float
) -> None:
    bounds = rate_bounds(hits, hits + misses, alpha)
    assert 0 <= bounds.low <= bounds.high <= 1
    if hits + misses:
        assert hits / (hits + misses) in bounds
    surer = rate_bounds(hits, hits + misses, alpha / 2)
    assert surer.low <= bounds.low + 1e-9
    assert surer.high >= bounds.high - 1e-9


def test_too_few_rows_say_nothing_of_a_mean() -> None:
    assert mean_bounds(FEWEST - 1, 5.0, 1.0, ALPHA).low == -math.inf
    assert mean_bounds(10_000, 5.0, 1.0, ALPHA).low > 4.9


def test_shares_as_intended_are_no_mismatch_and_others_are() -> None:
    random = np.random.default_rng(9)
    cried = 0
    found = []
    for _ in range(100):
        good, bad = np.cumsum(random.random(6000) < 0.25), np.cumsum(random.random(6000) < 0.30)
        looks = range(50, 6000, 50)
        cried += any(mismatch(int(good[n]), n) for n in looks)
        found.append(next((n for n in looks if mismatch(int(bad[n]), n)), 6000))
    assert cried == 0
    assert np.median(found) < 3000


def mismatch(new: int, rows: int) -> bool:
    return compare_shares({1: rows + 1 - new, 2: new}, {1: 75.0, 2: 25.0}).mismatch


def test_one_version_alone_cannot_mismatch() -> None:
    ratio = compare_shares({1: 50, 2: 3}, {1: 100.0, 2: 0.0})
    assert not ratio.mismatch
    assert "3 keys at versions without a share" in ratio.detail
