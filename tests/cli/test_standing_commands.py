"""`keepwell monitor performance`, `kpis`, `objectives`, `fairness`, `advice`, and what status says of it."""

import time
from pathlib import Path
from typing import Any

import pytest
from standing_world import DAY, START, ask, open_shop, tell

from keepwell.core.clock import ManualClock
from keepwell.core.spec import KpiSpec, MonitorSpec, WatchedFairnessSpec
from keepwell.core.spec.objectives import ObjectiveSpec
from keepwell.infrastructure.project_file import render_project

MONITOR = MonitorSpec(
    period=DAY,
    kpis=(KpiSpec(name="asked", sql="select count(*) from predictions", target=500.0),),
    objectives=(ObjectiveSpec(kind="latency", limit=8.0, target=0.95),),
    fairness=WatchedFairnessSpec(by=("gender",), max_gap=0.1),
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("standing") / "shop"
    clock = ManualClock(START)
    with open_shop(root, clock, MONITOR) as opened:
        (root / "keepwell.yaml").write_text(render_project(opened.spec))
        days = [ask(opened, day, unfair=1.5) for day in range(3)]
        clock.advance(3 * DAY)
        tell(opened, [pair for day in days for pair in day], days=0.5)
        opened.standings.look_at_all()
    return root


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("performance", ["roc_auc, 0.92 (0.9 to 0.94) promised", "of those to come", "calibrated"]),
        ("kpis", ["asked, at least 500", "! `asked` is 200, below its target of 500"]),
        ("objectives", ["latency_p95_ms", "95% below 8 ms", "uptime"]),
        (
            "fairness",
            [
                "gender: gaps between its groups; limit 0.1 for selection rate",
                "true positive rate",
                "! selection rate",
            ],
        ),
        ("advice", ["wait: ", "speaks for", "outcomes since it was trained"]),
    ],
)
def test_what_was_seen_last_is_told(
    keepwell: Any, shop: Path, command: str, words: list[str]
) -> None:
    shown = keepwell("monitor", command, "-C", shop)
    assert shown.code == 0
    for one in words:
        assert one in shown.out
    document = keepwell("monitor", command, "-C", shop, "--json").document
    assert document["endpoint"] == "shop"
    assert document["standing"]["time"] == START + 3 * DAY


def test_status_tells_the_advice(keepwell: Any, shop: Path) -> None:
    assert "wait: " in keepwell("status", "-C", shop).out
    assert keepwell("status", "-C", shop, "--json").document["advice"]["verdict"] == "wait"


def test_where_nobody_looked_it_says_how_to(keepwell: Any, project: Path) -> None:
    assert "--now looks now" in keepwell("monitor", "performance", "-C", project).out
    assert keepwell("monitor", "kpis", "-C", project, "--json").document["standing"] is None
    assert keepwell("status", "-C", project, "--json").document["advice"] is None


def test_it_looks_now_where_asked_to(keepwell: Any, tmp_path: Path) -> None:
    root = tmp_path / "shop"
    with open_shop(root, ManualClock(START)) as opened:
        (root / "keepwell.yaml").write_text(render_project(opened.spec))
        ask(opened, (time.time() - START) / DAY - 1, rows=50)
    assert "nothing is promised" in keepwell("monitor", "objectives", "--now", "-C", root).out
    told = keepwell("monitor", "performance", "-C", root, "--json").document["standing"]
    assert sum(point["predictions"] for point in told["points"]) == 50
