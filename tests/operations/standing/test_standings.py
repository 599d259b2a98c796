"""Looks at a shop: outcomes days late, estimates before, KPIs, groups, service levels, advice."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from standing_world import DAY, START, ask, open_shop, tell

from keepwell.core.clock import ManualClock
from keepwell.core.spec import KpiSpec, MonitorSpec, WatchedFairnessSpec
from keepwell.core.spec.objectives import ObjectiveSpec
from keepwell.monitoring.objectives import Tally
from keepwell.monitoring.service import Traffic
from keepwell.operations.standing import Standing, standing_of
from keepwell.workspace import Workspace

SQL = "select count(*) filter (outcome = '\"yes\"') from outcomes"
MONITOR = MonitorSpec(
    period=DAY,
    kpis=(
        KpiSpec(name="left", sql=SQL, target=10.0, direction="lower"),
        KpiSpec(name="wrong", sql="select nonsense from predictions"),
    ),
    objectives=(
        ObjectiveSpec(kind="latency", limit=8.0, target=0.95),
        ObjectiveSpec(kind="availability", target=0.999),
        ObjectiveSpec(kind="freshness", of="outcomes", limit=2000.0),
        ObjectiveSpec(kind="quality", of="roc_auc", limit=0.8),
    ),
    fairness=WatchedFairnessSpec(by=("gender", "nation"), max_gap=0.1),
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def shop(tmp_path: Path, clock: ManualClock) -> Iterator[Workspace]:
    with open_shop(tmp_path / "shop", clock, MONITOR) as opened:
        yield opened


def seen(shop: Workspace) -> Standing:
    standing = shop.standings.look("shop")
    assert standing is not None
    assert standing_of(shop.measurements, "shop") == standing, "what is kept is what was seen"
    return standing


def test_late_outcomes_amend_the_periods_that_they_belong_to(
    shop: Workspace, clock: ManualClock
) -> None:
    days = [ask(shop, day) for day in range(8)]
    clock.advance(5 * DAY)
    early = [pair for day in days[:5] for pair in day]
    tell(shop, early[:100])
    first = seen(shop)
    before = first.points[0]
    assert (before.predictions, before.outcomes) == (200, 91)
    assert first.points[1].realised == {}
    assert first.points[1].estimated["roc_auc"].value == pytest.approx(0.92, abs=0.04)
    clock.advance(3 * DAY)
    later = [pair for day in days for pair in day]
    tell(shop, later[100:])
    second = seen(shop)
    assert len(second.points) == 8
    assert second.points[0].outcomes > before.outcomes
    assert second.points[0].amended > before.amended
    maturity = [point.maturity or 0.0 for point in second.points]
    assert maturity == sorted(maturity, reverse=True), "the older, the more outcomes have come"
    assert (maturity[0] > 0.9, maturity[-1] < 0.4) == (True, True)
    assert not second.points[-1].mature
    half = second.delays.quantile(0.5)
    assert half is not None
    assert half / DAY == pytest.approx(1.39, abs=0.35), "exponential delays of two days"
    track = second.tracks[1]
    assert track.periods >= 2
    assert track.inside >= track.periods - 1


def test_what_did_not_change_is_not_measured_again(
    shop: Workspace, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(3):
        ask(shop, day)
    clock.advance(3 * DAY)
    first = seen(shop)
    monkeypatch.setattr(
        "keepwell.operations.standing.standings.measure_period",
        lambda *_, **__: pytest.fail("it was measured again"),
    )
    assert [point.estimated for point in seen(shop).points] == [
        point.estimated for point in first.points
    ]


def test_a_fall_is_foreseen_and_advice_waits_for_outcomes(
    shop: Workspace, clock: ManualClock
) -> None:
    ask(shop, 0)
    ask(shop, 1, rows=400, sure=0.5)
    clock.advance(2 * DAY)
    standing = seen(shop)
    (signal,) = [one for one in standing.signals if one.kind == "estimated_performance"]
    assert signal.message.startswith("roc_auc is estimated at 0.6")
    assert standing.advice.verdict == "wait"
    assert standing.advice.reason == "a fall is estimated; outcomes must confirm it"
    assert shop.standings.signals("shop") == standing.signals
    clock.advance(3600)
    assert shop.standings.signals("shop") == (), "what was seen an hour ago is not now"


def test_outcomes_that_fell_ask_for_another_model(shop: Workspace, clock: ManualClock) -> None:
    days = [ask(shop, day, turned=True) for day in range(3)]
    clock.advance(20 * DAY)
    tell(shop, [pair for day in days for pair in day], days=0.5)
    standing = seen(shop)
    assert standing.points[-1].realised["roc_auc"].value < 0.2
    assert standing.points[-1].estimated["roc_auc"].value > 0.85, "nothing but outcomes tells"
    assert standing.advice.verdict == "retrain now"
    assert standing.advice.evidence[0].says == "retrain"
    assert standing.sliced > 500


def test_kpis_are_told_by_period_and_version(shop: Workspace, clock: ManualClock) -> None:
    days = [ask(shop, day) for day in range(2)]
    clock.advance(20 * DAY)
    tell(shop, days[0] + days[1], days=0.1)
    standing = seen(shop)
    left, wrong = standing.kpis
    assert [point.version for point in left.points] == [0, 1, 0, 1]
    assert left.points[0].value == left.points[1].value == sum(t == "yes" for _, t in days[0])
    assert wrong.points[0].value is None
    assert "nonsense" in wrong.points[0].problem
    (signal,) = [one for one in standing.signals if one.kind == "kpi"]
    assert (signal.column, signal.limit) == ("left", 10)
    assert signal.message.endswith("above its target of 10")


def test_groups_are_told_by_the_log_and_by_outcomes(shop: Workspace, clock: ManualClock) -> None:
    day = ask(shop, 0, rows=600, unfair=2.0)
    clock.advance(10 * DAY)
    before = seen(shop)
    gender, nation = before.groups
    assert set(gender.gaps) == {"selection_rate", "disparate_impact"}
    assert gender.gaps["selection_rate"].value > 0.3
    assert nation.note == "the log keeps no `nation`: only what the model takes is logged"
    (signal,) = [one for one in before.signals if one.kind == "fairness"]
    assert signal.message.startswith("selection rate differs by 0.")
    tell(shop, day, days=0.1)
    after = seen(shop).groups[0]
    assert {"true_positive_rate", "false_positive_rate", "selection_rate"} <= set(after.gaps)
    assert {group.name for group in after.groups} == {"f", "m"}
    series = shop.measurements.series("endpoint:shop", ["fairness:gender:selection_rate"])
    assert len(series["fairness:gender:selection_rate"]) == 2


def test_service_levels_are_counted_look_by_look(shop: Workspace, clock: ManualClock) -> None:
    shop.standings.count_by(lambda _name, _since: {1: Traffic(requests=1000, errors=100)})
    day = ask(shop, 0, rows=2000)
    clock.advance(3600)
    tell(shop, day[:50], days=0.0)
    for _ in range(12):
        shop.standings.look_at_all()
        clock.advance(60)
    standing = standing_of(shop.measurements, "shop")
    assert standing is not None
    latency, available, fresh, quality = standing.budgets
    assert latency.total > 10
    slow = sum(one.latency_ms > 8 for one, _ in day) / len(day)
    assert latency.share == pytest.approx(1 - slow, abs=0.2)
    assert (available.good, available.total) == (11 * 900, 11 * 1000)
    assert [burn.firing for burn in available.burns[:2]] == [True, True]
    assert fresh.now is not None
    assert fresh.share is not None
    assert 0 < fresh.share < 1
    assert quality.share == 1.0
    assert quality.now == pytest.approx(0.92, abs=0.04)
    assert standing.uptime is not None
    assert standing.uptime.share == 0.0, "no worker answers in this test"
    signal = next(one for one in standing.signals if one.column == "availability")
    assert (signal.kind, signal.version, signal.severity) == ("objective", 0, 1.0)


def test_a_clock_that_went_back_counts_nothing(shop: Workspace, clock: ManualClock) -> None:
    shop.standings.count_by(lambda _name, _since: {1: Traffic(requests=10)})
    ask(shop, 0)
    clock.advance(3600)
    shop.standings.look_at_all()
    clock.advance(60)
    shop.standings.look_at_all()
    with Workspace(shop.spec, clock=ManualClock(START + 1800)) as earlier:
        earlier.standings.count_by(lambda _name, _since: {1: Traffic(requests=10)})
        earlier.standings.look_at_all()
    tally = Tally(shop.metadata.measurements, "shop").sums("availability")
    assert list(tally.total) == [0, 10]


def test_an_endpoint_without_predictions_or_champion_is_told_as_such(shop: Workspace) -> None:
    standing = seen(shop)
    assert standing.points == ()
    assert standing.advice.verdict == ""
    assert shop.standings.look("nobody") is None
