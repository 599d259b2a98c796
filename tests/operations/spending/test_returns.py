"""What a use case brings in, and what that is against its cost."""

import pytest

from keepwell.monitoring.kpis import Kpi, KpiPoint
from keepwell.operations.spending.returns import earned, gain


def kpi(*values: float | None, money: bool = True) -> Kpi:
    """Return a KPI of periods of 100 seconds each; of each version it has points, too."""
    points = [
        KpiPoint(since=at * 100.0, until=at * 100.0 + 100.0, value=value, version=version)
        for at, value in enumerate(values)
        for version in (0, 1)
    ]
    return Kpi(name="saved", money=money, points=tuple(points))


def test_periods_count_once_and_only_what_is_money() -> None:
    kpis = [kpi(10.0, 20.0, None), kpi(1e6, money=False)]
    assert earned(kpis, 0.0, 300.0, 300.0) == 30.0
    assert earned([kpi(1.0, money=False)], 0.0, 300.0, 300.0) is None
    assert earned([kpi(None)], 0.0, 300.0, 300.0) is None
    assert earned(kpis, 1000.0, 2000.0, 2000.0) is None


def test_a_period_at_the_edge_counts_in_part_and_one_that_goes_on_as_far_as_it_is() -> None:
    assert earned([kpi(10.0, 20.0)], 50.0, 200.0, 500.0) == 25.0
    assert earned([kpi(10.0, 20.0)], 0.0, 150.0, 500.0) == 20.0
    assert earned([kpi(10.0, 20.0)], 0.0, 150.0, 150.0) == 30.0


@pytest.mark.parametrize(
    ("brought", "cost", "found"),
    [(90.0, 36.0, 1.5), (0.0, 10.0, -1.0), (5.0, 0.0, None), (None, 1.0, None)],
)
def test_the_return_is_told_as_a_share_of_what_was_spent(
    brought: float | None, cost: float, found: float | None
) -> None:
    assert gain(brought, cost) == found
