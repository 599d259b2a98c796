"""The laws of `Detector`, over every detector that is installed."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from keepwell.core.plugins import plugin_names
from keepwell.monitoring.detectors import Detector, Sample, detector

NAMES = plugin_names("detectors")
every_detector = pytest.mark.parametrize("found", [detector(name) for name in NAMES], ids=NAMES)
counts = st.lists(st.integers(0, 500), min_size=1, max_size=30)
pairs = counts.flatmap(
    lambda first: st.tuples(
        st.just(first), st.lists(st.integers(0, 500), min_size=len(first), max_size=len(first))
    )
)


def sample(values: list[int] | NDArray[np.int64], size: float | None = None) -> Sample:
    return Sample.of(np.asarray(values), size)


def normal(shift: float, rows: int = 100_000) -> Sample:
    """Count a normal variable in twenty bins that hold equal shares where the shift is 0."""
    cuts = [math.inf * -1, *(_quantile(step / 20) for step in range(1, 20)), math.inf]
    shares = np.diff([0.5 * (1 + math.erf((cut - shift) / math.sqrt(2))) for cut in cuts])
    return Sample.of(np.rint(shares * rows))


def _quantile(share: float) -> float:
    low, high = -6.0, 6.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if 0.5 * (1 + math.erf(middle / math.sqrt(2))) < share else (low, middle)
        )
    return low


@every_detector
@settings(deadline=None)
@given(pair=pairs)
def test_exchanging_the_samples_changes_nothing(
    found: Detector, pair: tuple[list[int], list[int]]
) -> None:
    first, second = sample(pair[0]), sample(pair[1])
    one, other = found.compare(first, second), found.compare(second, first)
    assert one.effect == pytest.approx(other.effect, abs=1e-9)
    assert one.limit == pytest.approx(other.limit)
    assert one.p_value == pytest.approx(other.p_value, abs=1e-9)


@every_detector
@settings(deadline=None)
@given(pair=pairs)
def test_every_answer_is_a_number(found: Detector, pair: tuple[list[int], list[int]]) -> None:
    seen = found.compare(sample(pair[0]), sample(pair[1]))
    assert 0 <= seen.effect < math.inf
    assert found.limit <= seen.limit < math.inf
    assert 0 <= seen.p_value <= 1


@every_detector
@settings(deadline=None)
@given(values=counts, times=st.integers(1, 20))
def test_equal_shares_are_no_difference(found: Detector, values: list[int], times: int) -> None:
    seen = found.compare(sample(values), sample([value * times for value in values]))
    assert seen.effect == pytest.approx(0, abs=1e-6)
    assert seen.p_value == pytest.approx(1, abs=1e-6)
    assert not seen.exceeds


@every_detector
def test_a_larger_shift_has_a_larger_effect(found: Detector) -> None:
    seen = [found.compare(normal(0), normal(shift)).effect for shift in np.linspace(0, 3, 31)]
    assert all(later > earlier for earlier, later in itertools.pairwise(seen))


@every_detector
def test_more_rows_lower_the_limit_and_the_p_value(found: Detector) -> None:
    small, large = (
        found.compare(normal(0, rows), normal(0.3, rows)) for rows in (10_000, 1_000_000)
    )
    assert large.effect == pytest.approx(small.effect, rel=0.02)
    assert found.limit < large.limit < small.limit
    assert large.p_value <= small.p_value
    assert large.limit == pytest.approx(found.limit, rel=0.02)


@every_detector
def test_rows_that_repeat_each_other_are_worth_less(found: Detector) -> None:
    free = found.compare(normal(0), sample([150, 50, *[0] * 18]))
    bound = found.compare(normal(0), sample([150, 50, *[0] * 18], size=5))
    assert bound.limit > free.limit
    assert bound.p_value > free.p_value


@every_detector
def test_nothing_counted_is_no_difference(found: Detector) -> None:
    seen = found.compare(sample([0, 0]), sample([3, 4]))
    assert not seen.exceeds
    assert seen.p_value == 1


@every_detector
@pytest.mark.parametrize("rows", [50, 200, 2_000])
def test_chance_is_no_difference(found: Detector, rows: int) -> None:
    """Of a thousand samples of one world, chance carries about one beyond the limit."""
    random = np.random.default_rng(0)
    reference = sample(random.multinomial(20_000, np.full(20, 0.05)))
    alarms = sum(
        found.compare(reference, sample(random.multinomial(rows, np.full(20, 0.05)))).exceeds
        for _ in range(1000)
    )
    assert alarms <= 5


@every_detector
def test_a_large_shift_is_found_in_two_hundred_rows(found: Detector) -> None:
    random = np.random.default_rng(0)
    shifted = normal(1.0).shares
    seen = [
        found.compare(normal(0), sample(random.multinomial(200, shifted / shifted.sum())))
        for _ in range(100)
    ]
    assert all(one.exceeds and one.p_value < 1e-6 for one in seen)
