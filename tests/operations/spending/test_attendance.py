"""What workers use is booked to who asked them."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.spec import BudgetSpec, CostsSpec, DataSpec, PricesSpec, ProjectSpec
from keepwell.deployment.server.heartbeat import Traffic, WorkerState, heartbeat_path
from keepwell.infrastructure.codec import to_json
from keepwell.monitoring.costs.budget import BudgetState
from keepwell.monitoring.costs.usage import PLATFORM, STORAGE, used
from keepwell.operations.spending.attendance import Attendance, weight
from keepwell.operations.spending.machinery import signals_now
from keepwell.workspace import Workspace

PRICES = PricesSpec(cpu_hour=1.0, memory_gb_hour=1.0)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    costs = CostsSpec(prices=PRICES, budget=BudgetSpec(monthly=50.0))
    spec = ProjectSpec(
        name="shop", root=tmp_path, data=DataSpec(source="shop.csv", target="y"), costs=costs
    )
    with Workspace(spec, clock=ManualClock(time.time())) as opened:
        opened.endpoints.deploy("a", "shop", 1, why="test")
        opened.endpoints.deploy("b", "shop", 1, why="test")
        yield opened


def beat(workspace: Workspace, *, a: int = 0, b: int = 0, pool: str = "", index: int = 0) -> None:
    """Write a heartbeat of this very process: `a` and `b` requests, those of `b` three times as long."""
    traffic = {
        name: {"1": Traffic(rows=2 * count, statuses={"200": count}, latency_sum_ms=count * each)}
        for name, count, each in (("a", a, 1.0), ("b", b, 3.0))
    }
    now = workspace.clock.now()
    state = WorkerState(
        index=index,
        pid=os.getpid(),
        started=STARTED,
        beat=now,
        traffic=traffic,
        pool=pool,
        rss=80_000_000,
    )
    path = heartbeat_path(workspace.home, index)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_json(state))


STARTED = time.time()


def attend(
    workspace: Workspace, budget: Callable[[], BudgetState | None] = lambda: None
) -> Attendance:
    return Attendance(
        workspace.home,
        workspace.spec,
        workspace.metadata.measurements,
        workspace.clock,
        workspace.endpoints,
        workspace.scaling,
        budget,
    )


def look(workspace: Workspace, attendance: Attendance) -> None:
    assert isinstance(workspace.clock, ManualClock)
    attendance.look()
    end = time.process_time() + 0.05
    while time.process_time() < end:  # something to charge somebody with
        pass
    workspace.clock.advance(15)


def test_a_general_worker_is_shared_by_how_long_requests_took(workspace: Workspace) -> None:
    began = workspace.clock.now()
    attendance = attend(workspace)
    beat(workspace)
    look(workspace, attendance)
    beat(workspace, a=10, b=10)
    look(workspace, attendance)
    beat(workspace, a=10, b=10)
    look(workspace, attendance)
    attendance.close()

    def of(subject: str):  # type: ignore[no-untyped-def]
        return used(workspace.measurements, subject, began - 1, workspace.clock.now())

    a, b = of("endpoint:a"), of("endpoint:b")
    assert (a.requests, a.rows, b.requests) == (10, 20, 10)
    assert a.cpu_seconds > 0
    assert b.cpu_seconds == pytest.approx(3 * a.cpu_seconds)
    assert a.memory_gb_seconds == pytest.approx(b.memory_gb_seconds)
    assert of(PLATFORM).cpu_seconds > 0  # the second stretch, in which nobody asked
    assert of(STORAGE).gb_seconds > 0
    bill = workspace.ledger.bill(began - 1, workspace.clock.now(), "endpoint")
    assert {line.name: line.rows for line in bill.lines} == {"a": 20, "b": 20, "shared": 0}


def test_a_worker_of_its_own_is_paid_by_its_endpoint(workspace: Workspace) -> None:
    began = workspace.clock.now()
    attendance = attend(workspace)
    for _ in range(2):
        beat(workspace, pool="a")
        look(workspace, attendance)
    attendance.close()
    now = workspace.clock.now()
    assert used(workspace.measurements, "endpoint:a", began - 1, now).cpu_seconds > 0
    assert used(workspace.measurements, "endpoint:b", began - 1, now).cpu_seconds == 0


def test_what_workers_did_before_they_were_taken_over_is_not_booked_twice(
    workspace: Workspace,
) -> None:
    assert isinstance(workspace.clock, ManualClock)
    workspace.clock.advance(3600)
    attendance = attend(workspace)
    for count in (500, 501):
        beat(workspace, a=count)
        look(workspace, attendance)
    attendance.close()
    now = workspace.clock.now()
    assert used(workspace.measurements, "endpoint:a", 0, now).requests == 1


def test_the_ledger_sums_it_up(workspace: Workspace) -> None:
    attendance = attend(workspace)
    for count in (0, 5):
        beat(workspace, a=count)
        look(workspace, attendance)
    attendance.close()
    run = workspace.runs.start("shop")
    workspace.runs.finish(run.id)
    now = workspace.clock.now()
    bill = workspace.ledger.bill(now - 3600, now, "run")
    assert {line.name for line in bill.lines} >= {run.id, "serving a", "shared"}
    assert bill.total.total > 0
    budget = workspace.ledger.budget()
    assert budget is not None
    assert 0 < budget.spent < 50


def test_a_budget_that_is_nearly_spent_is_told(workspace: Workspace) -> None:
    assert isinstance(workspace.clock, ManualClock)
    now = workspace.clock.now()
    state = BudgetState(limit=10, spent=8.5, since=now, until=now, warn=0.8, currency="EUR")
    attendance = attend(workspace, lambda: state)
    for _ in range(8):
        beat(workspace)
        attendance.look()
        workspace.clock.advance(15)
    (signal,) = [
        one
        for one in signals_now(workspace.measurements, workspace.clock.now())
        if one.kind == "cost"
    ]
    assert "8.50 EUR of this month's 10.00 EUR" in signal.message
    workspace.clock.advance(86400)
    assert signals_now(workspace.measurements, workspace.clock.now()) == ()


def test_idle_endpoints_are_found(workspace: Workspace) -> None:
    assert isinstance(workspace.clock, ManualClock)
    attendance = attend(workspace)
    for count in (0, 5):
        beat(workspace, a=count)
        look(workspace, attendance)
    attendance.close()
    assert workspace.ledger.idle() == []
    workspace.clock.advance(7200)
    beat(workspace, a=5)
    look(workspace, attendance)  # whose workers have waited for two hours
    attendance.close()
    idle = workspace.ledger.idle()
    assert {one.endpoint for one in idle} == {"a", "b"}
    assert all(one.wasted > 0 for one in idle)
    assert next(one for one in idle if one.endpoint == "b").last is None
    assert {one.memory for one in idle} == {40_000_000}  # each half of the one worker
    assert all(one.an_hour == pytest.approx(0.04) for one in idle)


def test_a_folder_is_weighed(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "a").write_bytes(bytes(100))
    (tmp_path / "deep" / "er" / "b").write_bytes(bytes(23))
    (tmp_path / "link").symlink_to(tmp_path)
    assert weight(tmp_path) == 123
