from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepwell.monitoring.history import Period, periods_of
from keepwell.monitoring.history.periods import MOST, length_of

NOW = 1_800_000_000.0


@given(age=st.floats(0, 4e8), later=st.floats(0, 1e6))
def test_periods_touch_lie_on_the_calendar_and_end_with_now(age: float, later: float) -> None:
    first, now = NOW - age, NOW + later
    periods = periods_of(first, now)
    assert 1 <= len(periods) <= MOST
    assert all(one.until == two.since for one, two in pairwise(periods))
    assert periods[-1].since <= now < periods[-1].until
    assert periods[0].since % length_of(now - first) == 0
    if len(periods) < MOST:
        assert periods[0].since <= first


@pytest.mark.parametrize(
    ("age", "length"), [(0, 60), (1700, 60), (1800, 300), (86400, 3600), (20 * 86400, 86400)]
)
def test_the_shortest_length_that_reaches_back_is_taken(age: float, length: float) -> None:
    assert length_of(age) == length


def test_the_project_file_may_say_how_long_they_are() -> None:
    periods = periods_of(NOW - 10 * 86400, NOW, 86400.0)
    assert {one.until - one.since for one in periods} == {86400.0}
    assert Period(since=0, until=5).over(5)
    assert not Period(since=0, until=5).over(4.9)
