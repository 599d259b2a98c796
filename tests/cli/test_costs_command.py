"""`keepwell costs` and `keepwell machines`, as a user reads them."""

import os
from pathlib import Path
from typing import Any

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.ports import Point
from keepwell.core.records import Resources
from keepwell.deployment.server.heartbeat import WorkerState, heartbeat_path
from keepwell.infrastructure.codec import to_json, to_plain
from keepwell.monitoring.kpis import Kpi, KpiPoint
from keepwell.monitoring.machines.sampler import Sampler
from keepwell.operations.standing import Standing, subject_of
from keepwell.workspace import Workspace

THEN = ("--since", "2027-01-01", "--until", "2027-12-31")  # when the project's clock ticks
PRICES = """
costs: {prices: {cpu_hour: 36}, power: {carbon_per_kwh: 0.4}, budget: {monthly: 10}}
card: {owner: Retention team}
"""


class Hour:
    """Says that every run took an hour of a processor."""

    def start(self, run: str, tell: object) -> None:
        """Do nothing."""

    def stop(self, run: str) -> Resources | None:
        return Resources(cpu_seconds=3600.0, user="ana")


@pytest.fixture
def dear(project: Path) -> Path:
    """Return the project with prices, a budget, and a run that took an hour this month."""
    file = project / "keepwell.yaml"
    file.write_text(file.read_text() + PRICES)
    with Workspace.open(project) as workspace:
        workspace.endpoints.deploy("shop", "shop", 1, why="test")
        workspace.runs._meter = Hour()
        workspace.runs.finish(workspace.runs.start("shop").id, model="shop/1")
        workspace.measurements.append("endpoint:shop", [Point("kpi:saved", 1.0, 1250.0)])
        now = workspace.clock.now()
        point = KpiPoint(since=now - 60.0, until=now, value=90.0)
        saved = Kpi(name="saved", money=True, points=(point,))
        seen = Standing(endpoint="shop", time=now, version=1, kpis=(saved,))
        workspace.measurements.write_report(subject_of("shop"), now, to_plain(seen))
    return project


def test_use_is_told_without_prices(keepwell: Any, project: Path) -> None:
    told = keepwell("costs", "-C", project, *THEN)
    assert told.code == 0
    assert "no prices" in told.out
    assert "no price is stated" in told.out


def test_costs_are_told_by_model_run_and_user(keepwell: Any, dear: Path) -> None:
    document = keepwell("costs", "-C", dear, "--json").document
    assert document["total"]["total"] == pytest.approx(36.0)
    assert [line["name"] for line in document["lines"]] == ["shop"]
    assert document["budget"]["share"] == pytest.approx(3.6)
    told = keepwell("costs", "--by", "user", "-C", dear).out
    assert "ana" in told
    assert "36.00 EUR" in told
    assert "4 g CO2" in told
    assert "36.00 EUR of this month's 10.00 EUR are spent (360%)" in told
    assert keepwell("costs", "--by", "run", "-C", dear, "--json").document["lines"][0]["runs"] == 1


def test_the_status_has_host_and_budget(keepwell: Any, dear: Path) -> None:
    told = keepwell("status", "-C", dear).out
    assert "processors" in told
    assert "36.00 EUR of this month's 10.00 EUR" in told


def test_a_build_that_cannot_be_paid_says_so(keepwell: Any, dear: Path) -> None:
    (dear / "shop.csv").write_text("tenure,churn\n" + "1,yes\n2,no\n" * 60)
    refused = keepwell("run", "-C", dear)
    assert refused.code == 1
    assert "training does not start: the monthly budget is spent" in refused.err
    assert "keepwell costs --by run" in refused.err


def test_use_cases_are_one_table(keepwell: Any, dear: Path) -> None:
    (one,) = keepwell("costs", "--by", "use-case", "-C", dear, "--json").document["use_cases"]
    assert (one["name"], one["owner"], one["status"]) == ("shop", "Retention team", "serving")
    assert one["promised"] == pytest.approx(0.81)
    assert one["kpis"] == {"saved": 1250.0}
    assert one["total"] == pytest.approx(36.0)
    assert (one["earned"], one["roi"]) == (90.0, pytest.approx(1.5))
    told = keepwell("costs", "--by", "use-case", "-C", dear).out
    assert "saved 1250" in told
    assert "+150%" in told


def test_an_unknown_way_of_telling_is_refused(keepwell: Any, project: Path) -> None:
    refused = keepwell("costs", "--by", "modell", "-C", project)
    assert refused.code == 2
    assert "did you mean 'model'" in refused.err


def test_a_bill_is_added(keepwell: Any, dear: Path, tmp_path: Path) -> None:
    bill = tmp_path / "bill.csv"
    bill.write_text("date,service,cost\n2027-03-01,Amazon S3,12.5\n")
    assert "12.50 EUR: Amazon S3" in keepwell("costs", "import", bill, "-C", dear).out
    assert "bill: Amazon S3" in keepwell("costs", "-C", dear, *THEN).out


def test_what_is_idle_is_told(keepwell: Any, dear: Path) -> None:
    assert "nothing is idle" in keepwell("costs", "idle", "-C", dear).out
    with Workspace.open(dear) as workspace:
        workspace.measurements.append("usage:endpoint:shop", [Point("requests", 1.0, 0.0)])
        state = WorkerState(index=0, pid=os.getpid(), started=1.0, beat=1.0, rss=60_000_000)
        beats = heartbeat_path(workspace.home, 0)
        beats.parent.mkdir(parents=True, exist_ok=True)
        beats.write_bytes(to_json(state))
    told = keepwell("costs", "idle", "-C", dear).out
    assert "never" in told
    assert keepwell("costs", "idle", "-C", dear, "--json").document["currency"] == "EUR"


def test_the_machine_is_told_watched_or_not(keepwell: Any, dear: Path) -> None:
    told = keepwell("machines", "-C", dear)
    assert "nobody watches it: keepwell up does" in told.out
    with Workspace.open(dear) as workspace:
        spec = workspace.spec.monitor.machines
        clock = ManualClock(workspace.clock.now() - 10)
        sampler = Sampler(workspace.home, workspace.measurements, clock, spec, list)
        sampler.look()
    document = keepwell("machines", "-C", dear, "--json").document
    assert document["watched"]
    assert document["reading"]["cores"] >= 1
