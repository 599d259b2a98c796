from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepwell.core.spec.objectives import ObjectiveSpec
from keepwell.infrastructure.metadata import open_metadata
from keepwell.monitoring.objectives import Tally, budget_of, verdict
from keepwell.monitoring.objectives.tally import Sums

NOW = 1_800_000_000.0
MINUTE = 60.0
AVAILABLE = ObjectiveSpec(kind="availability", target=0.999)


def served(*stretches: tuple[float, float], each: float = 1000.0) -> Sums:
    """Return sums of `each` requests a minute; a stretch is (minutes, share that failed)."""
    good, total = [0.0], [0.0]
    for minutes, failed in stretches:
        for _ in range(int(minutes)):
            good.append(good[-1] + each * (1 - failed))
            total.append(total[-1] + each)
    begin = NOW - (len(total) - 1) * MINUTE
    return Sums(
        times=[begin + place * MINUTE for place in range(len(total))], good=good, total=total
    )


def test_an_hour_that_burns_two_percent_of_a_month_wakes_somebody() -> None:
    budget = budget_of(AVAILABLE, served((600, 0.0), (60, 0.016)), NOW)
    assert budget.burns[0].long == pytest.approx(16)
    assert budget.burns[0].firing
    signal = verdict(budget, endpoint="churn", time=NOW)
    assert signal is not None
    assert (signal.kind, signal.column, signal.severity) == ("objective", "availability", 1.0)
    assert signal.message.startswith("`availability` uses up its budget 16 times too fast over 1h")


def test_what_is_over_wakes_nobody() -> None:
    budget = budget_of(AVAILABLE, served((600, 0.0), (50, 0.02), (10, 0.0)), NOW)
    assert budget.burns[0].long > 14.4
    assert budget.burns[0].short == 0
    assert not budget.burns[0].firing


def test_a_slow_leak_is_found_in_days() -> None:
    budget = budget_of(AVAILABLE, served((4 * 1440, 0.0015)), NOW)
    assert [burn.firing for burn in budget.burns] == [False, False, True]
    signal = verdict(budget, endpoint="churn", time=NOW)
    assert signal is not None
    assert signal.severity == 0.4


def test_a_few_failures_of_few_requests_are_an_accident() -> None:
    budget = budget_of(AVAILABLE, served((60, 0.05), each=1.0), NOW)
    assert budget.burns[0].long == pytest.approx(50)
    assert verdict(budget, endpoint="churn", time=NOW) is None


def test_nothing_asked_leaves_the_budget_unknown() -> None:
    empty = budget_of(AVAILABLE, Sums(times=[], good=[], total=[]), NOW)
    assert (empty.share, empty.left) == (None, None)


@given(failed=st.floats(0, 0.01))
def test_the_budget_left_is_one_less_what_failed_of_what_was_allowed(failed: float) -> None:
    budget = budget_of(AVAILABLE, served((120, failed)), NOW)
    assert budget.left == pytest.approx(1 - failed / 0.001, abs=1e-6)


def test_only_the_period_counts() -> None:
    short = ObjectiveSpec(kind="availability", target=0.999, period=3600.0)
    assert budget_of(short, served((600, 0.5), (60, 0.0)), NOW).share == 1.0


def test_sums_survive_restarts_and_thinning(tmp_path: Path) -> None:
    metadata = open_metadata(f"sqlite:///{tmp_path / 'record.db'}")
    try:
        tally = Tally(metadata.measurements, "churn")
        for minute in range(240):  # a new one each hour, as after a restart
            tally = Tally(metadata.measurements, "churn")
            bad = 5.0 if minute < 40 else 0.0
            tally.add("availability", good=100 - bad, total=100, now=NOW + minute * MINUTE)
        end = NOW + 239 * MINUTE
        before = tally.sums("availability").since(0)
        tally.thin(end + 3 * 86400)
        after = tally.sums("availability")
        assert len(after.times) < 60
        assert after.since(0) == pytest.approx(before, abs=500)
        assert after.total[-1] == 239 * 100, "the first call only says where counting begins"
        assert tally.last("availability") == end
        assert tally.last("latency") is None
    finally:
        metadata.close()
