import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.tracking.metrics.mcnemar import McNemar, mcnemar


def rights(both: int, first: int, second: int, neither: int) -> McNemar:
    one = np.repeat([True, True, False, False], [both, first, second, neither])
    other = np.repeat([True, False, True, False], [both, first, second, neither])
    return mcnemar(one, other)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 400), st.integers(0, 400))
def test_is_exact_as_the_binomial_test_is(first: int, second: int) -> None:
    from scipy import stats

    found = rights(10, first, second, 10)
    tossed = first + second
    exact = stats.binomtest(first, tossed, 0.5).pvalue if tossed else 1.0
    assert found.exact == pytest.approx(exact, rel=1e-8)
    assert found.mid_p <= found.exact


def test_says_what_the_paper_says() -> None:
    """Fagerland et al. 2013, table 5: airway hyper-responsiveness, 1 and 7 discordant pairs."""
    found = rights(1, 1, 7, 12)
    assert (found.only_first, found.only_second) == (1, 7)
    assert found.exact == pytest.approx(0.0703, abs=5e-5)
    assert found.mid_p == pytest.approx(0.0391, abs=5e-5)


def test_knows_nothing_where_both_agree_or_are_even() -> None:
    assert rights(5, 0, 0, 5).exact == rights(5, 0, 0, 5).mid_p == 1.0
    assert rights(0, 3, 3, 0).exact == 1.0
    assert rights(0, 3, 3, 0).mid_p == pytest.approx(1 - 20 / 64 / 2)
