"""What twice as many rows may be expected to bring."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.training.more_rows import expect

SIZES = (100, 200, 400, 800)


def scores(
    limit: float, slope: float, power: float, noise: float, seed: int
) -> dict[int, dict[int, float]]:
    random = np.random.default_rng(seed)
    shifts = random.normal(0, 0.02, 5)  # some folds are harder than others
    return {
        size: {
            fold: limit - slope * size**-power + float(shifts[fold] + random.normal(0, noise))
            for fold in range(5)
        }
        for size in SIZES
    }


@given(
    limit=st.floats(0.5, 1.0),
    slope=st.floats(0.1, 3.0),
    power=st.sampled_from([0.25, 0.5, 0.75, 1.0]),
    sign=st.sampled_from([1, -1]),
)
@settings(max_examples=40)
def test_a_curve_without_noise_is_continued_exactly(
    limit: float, slope: float, power: float, sign: int
) -> None:
    seen = scores(limit, sign * slope, power, 0.0, 0)
    found = expect(seen, sign)
    true = slope * (800**-power - 1600**-power)
    assert found.power == power
    assert found.gain == pytest.approx(true, rel=1e-6, abs=1e-9)
    assert found.low == pytest.approx(found.high, abs=1e-6)
    assert found.scores[1600] - found.scores[800] == pytest.approx(sign * true, abs=1e-9)


def test_the_interval_holds_what_comes_true_as_often_as_it_says() -> None:
    true = 1.0 * (800**-0.5 - 1600**-0.5)
    held = [
        found.low <= true <= found.high
        for seed in range(120)
        for found in [expect(scores(0.9, 1.0, 0.5, 0.01, seed), 1)]
    ]
    assert np.mean(held) >= 0.93


def test_a_score_that_does_not_grow_promises_nothing() -> None:
    gains = [expect(scores(0.9, 0.0, 0.5, 0.01, seed), 1) for seed in range(40)]
    assert np.mean([found.low > 0 for found in gains]) <= 0.05
    assert np.mean([found.gain for found in gains]) == pytest.approx(0, abs=0.002)


def test_one_number_of_rows_says_nothing() -> None:
    with pytest.raises(ValueError, match="two numbers of rows and two folds"):
        expect({100: {0: 0.5, 1: 0.6}}, 1)
