"""How an endpoint stands, as its page and charts tell it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from standing_world import DAY, START, ask, open_shop, tell
from starlette.testclient import TestClient

from keepwell.api.app import create_app
from keepwell.core.clock import ManualClock
from keepwell.core.spec import KpiSpec, MonitorSpec, WatchedFairnessSpec
from keepwell.core.spec.objectives import ObjectiveSpec

MONITOR = MonitorSpec(
    period=DAY,
    kpis=(
        KpiSpec(name="asked", sql="select count(*) from predictions", target=150.0),
        KpiSpec(name="broken", sql="select nothing from predictions"),
    ),
    objectives=(
        ObjectiveSpec(kind="latency", limit=8.0, target=0.95),
        ObjectiveSpec(kind="quality", of="roc_auc", limit=0.8),
    ),
    fairness=WatchedFairnessSpec(by=("gender",), max_gap=0.1),
)
PAGE = "/endpoints/shop/standing"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    clock = ManualClock(START)
    with open_shop(tmp_path_factory.mktemp("standing") / "shop", clock, MONITOR) as shop:
        days = [ask(shop, day, unfair=1.0) for day in range(4)]
        clock.advance(4 * DAY)
        tell(shop, [pair for day in days for pair in day], days=1.0)
        shop.standings.look_at_all()
        clock.advance(60)
        shop.standings.look_at_all()
        yield TestClient(create_app(shop), base_url="http://127.0.0.1:4400")


def test_the_page_tells_advice_periods_objectives_kpis_and_groups(pages: TestClient) -> None:
    shown = pages.get(PAGE).text
    for words in ("Retrain now, or wait?", "Of those to come", "quality roc auc", "at least 150"):
        assert words.lower() in shown.lower()
    assert "nothing" in shown, "what is wrong with a KPI's question is said"
    assert f"{PAGE}/groups/gender" in shown
    assert "How it stands" in pages.get("/endpoints/shop").text


@pytest.mark.parametrize(
    ("chart", "names"),
    [
        ("estimates.json", {"low", "high", "estimated", "outcomes so far"}),
        ("budgets.json", {"quality roc auc"}),
        ("kpis/asked", {"all versions"}),
        ("groups/gender", {"selection rate", "true positive rate"}),
    ],
)
def test_a_chart_draws_what_was_seen(pages: TestClient, chart: str, names: set[str]) -> None:
    figure = pages.get(f"{PAGE}/{chart}").json()
    drawn = {trace["name"].lower() for trace in figure["data"]}
    assert names <= drawn
    assert all(trace["x"] for trace in figure["data"])
    assert figure["layout"]["shapes"], "the promise, target or limit is a line"


@pytest.mark.parametrize("chart", ["kpis/nobody", "groups/nobody"])
def test_what_is_not_watched_is_not_found(pages: TestClient, chart: str) -> None:
    answer = pages.get(f"{PAGE}/{chart}")
    assert answer.status_code == 404


def test_before_anybody_looked_the_page_says_how_to(tmp_path: Path) -> None:
    with open_shop(tmp_path / "shop", ManualClock(START)) as shop:
        asked = TestClient(create_app(shop), base_url="http://127.0.0.1:4400")
        assert "keepwell monitor performance --now" in asked.get(PAGE).text
        assert asked.get(f"{PAGE}/estimates.json").status_code == 404
