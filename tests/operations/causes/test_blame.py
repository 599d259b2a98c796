"""Who is to blame: what a service's callees explain is not its own."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepwell.core.errors import NotFoundError, UsageError
from keepwell.operations.causes import ServiceGraph, blame, excess_of

SHOP = ServiceGraph.of(
    [("site", "search"), ("site", "pay"), ("search", "store"), ("pay", "store"), ("store", "site")]
)


def test_the_deepest_service_that_explains_it_comes_first() -> None:
    graph = ServiceGraph.of([("site", "pay"), ("pay", "bank"), ("site", "search")])
    ranked = blame(graph, "site", {"site": 10.0, "pay": 9.5, "bank": 9.0, "search": 0.3})
    assert ranked[0].node == "bank"
    assert ranked[0].path == ("site", "pay", "bank")
    assert ranked[0].share == pytest.approx(9.0 / (0.2 + 0.5 + 9.0 + 0.3))


@given(
    st.dictionaries(st.sampled_from(["site", "pay", "bank"]), st.floats(0, 1e6)),
    st.floats(0, 1e6),
)
def test_what_a_callee_costs_more_is_not_its_only_caller_s(
    excess: dict[str, float], more: float
) -> None:
    graph = ServiceGraph.of([("site", "pay"), ("pay", "bank")])
    before = {one.node: one.own for one in blame(graph, "site", excess)}
    raised = {name: excess.get(name, 0.0) + more for name in ("pay", "bank", "site")}
    after = {one.node: one.own for one in blame(graph, "site", raised)}
    assert after["pay"] == pytest.approx(before["pay"], abs=1e-6)
    assert after["site"] == pytest.approx(before["site"], abs=1e-6)
    assert after["bank"] == pytest.approx(before["bank"] + more, abs=1e-6)


def test_services_that_call_in_a_circle_are_each_named_once() -> None:
    assert [one.node for one in blame(SHOP, "site", {})] == ["site", "search", "pay", "store"]
    assert SHOP.path("pay", "site") == ("pay", "store", "site")
    assert ServiceGraph.of([("a", "b")]).path("b", "a") == ()


def test_an_unknown_service_is_told_by_name() -> None:
    with pytest.raises(NotFoundError, match="there is no service 'serch'") as told:
        blame(SHOP, "serch", {})
    assert told.value.now == "did you mean 'search'?"


def measured(rows: list[tuple[float, str, str, float]]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table(dict(zip(("time", "node", "metric", "value"), map(list, columns), strict=True)))


def test_cost_is_time_spent_or_requests_failed() -> None:
    rows = measured(
        [
            (at, "pay", metric, value)
            for at, latency, available in ((0.0, 0.1, 100.0), (300.0, 0.3, 90.0))
            for metric, value in (
                ("latency", latency),
                ("availability", available),
                ("requests", 50.0),
            )
        ]
    )
    assert excess_of(rows, "latency", 300.0)["pay"] == pytest.approx(10.0)
    assert excess_of(rows, "availability", 300.0)["pay"] == pytest.approx(5.0)


def test_what_cannot_be_compared_is_refused() -> None:
    rows = measured([(0.0, "pay", "latency", 1.0)])
    with pytest.raises(UsageError, match="nothing to compare"):
        excess_of(rows, "latency", 0.0)
    with pytest.raises(UsageError, match="lack the column 'metric'"):
        excess_of(rows.drop_columns("metric"), "latency", 1.0)
