"""A budget warns, and then stops what can wait."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepwell.core.errors import BudgetError
from keepwell.core.spec import BudgetSpec
from keepwell.monitoring.costs.budget import month_of, state_of

NOW = datetime(2026, 12, 15, 12, tzinfo=UTC).timestamp()


def state(spent: float, monthly: float | None = 100.0):  # type: ignore[no-untyped-def]
    return state_of(BudgetSpec(monthly=monthly), spent, NOW, "EUR")


def test_without_a_budget_there_is_nothing_to_keep() -> None:
    assert state(1e9, None) is None


@pytest.mark.parametrize(
    ("spent", "severity"), [(0.0, None), (79.9, None), (80.0, 0.5), (99.9, 0.5), (100.0, 1.0)]
)
def test_it_warns_at_eighty_and_stops_at_a_hundred(spent: float, severity: float | None) -> None:
    found = state(spent)
    signal = found.signal(NOW)
    assert (signal.severity if signal else None) == severity
    if severity == 1.0:
        assert "no training" in signal.message
        with pytest.raises(BudgetError) as caught:
            found.must_allow("training")
        error = caught.value
        assert error.what == "training does not start: the monthly budget is spent"
        assert "100 EUR" in error.why
        assert "100.00 EUR are spent" in error.why
        assert "2027-01-01" in error.now
        assert error.details["budget"] == "monthly"
    else:
        found.must_allow("training")


@given(st.floats(0, 4e9))
def test_every_time_is_in_one_month(now: float) -> None:
    since, until = month_of(now)
    assert since <= now < until
    assert month_of(until)[0] == until
    assert 28 <= (until - since) / 86400 <= 31
