"""Presence, traffic and retraining jobs: what keeps a served workspace honest."""

import sys
import time
from pathlib import Path

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.errors import BusyError
from keepwell.deployment.server import WorkerState
from keepwell.deployment.server.heartbeat import Traffic
from keepwell.infrastructure.metadata import open_metadata
from keepwell.operations.build.retraining_record import RetrainingRecord, results
from keepwell.operations.loop.retrainings import Retraining, RetrainingResult
from keepwell.operations.serving.periodic import Periodic
from keepwell.operations.serving.presence import Address, address_of, is_up, presence
from keepwell.operations.serving.retraining_jobs import RetrainingJobs
from keepwell.operations.serving.traffic_meter import TrafficMeter


def test_one_process_serves_a_workspace_and_tells_where(tmp_path: Path) -> None:
    assert not is_up(tmp_path)
    with presence(tmp_path) as announce:
        announce(Address(host="127.0.0.1", port=4400))
        assert address_of(tmp_path) == Address(host="127.0.0.1", port=4400)
        with pytest.raises(BusyError, match="keepwell up"), presence(tmp_path):
            pass
    assert address_of(tmp_path) is None


def test_traffic_adds_up_over_worker_restarts() -> None:
    clock = ManualClock(100.0)
    workers: list[WorkerState] = []

    def beat(started: float, good: int, bad: int) -> None:
        traffic = {"shop": {"1": Traffic(statuses={"200": good, "422": 5, "500": bad})}}
        workers[:] = [WorkerState(index=0, pid=1, started=started, beat=0, traffic=traffic)]
        meter.sample()
        clock.advance(10)

    meter = TrafficMeter(lambda: workers, clock)
    beat(1.0, 10, 0)  # at 100
    beat(1.0, 30, 2)  # at 110
    beat(2.0, 7, 1)  # at 120, a new process
    counted = meter.since("shop", 0.0)[1]
    assert (counted.requests, counted.errors) == (40, 3)
    later = meter.since("shop", 105.0)[1]
    assert (later.requests, later.errors) == (30, 3)
    assert meter.since("other", 0.0) == {}


def test_what_a_fallback_answered_the_version_failed() -> None:
    clock = ManualClock(0.0)
    workers: list[WorkerState] = []
    meter = TrafficMeter(lambda: workers, clock)
    meter.sample()
    clock.advance(10)
    traffic = {"churn": {"2": Traffic(statuses={"200": 90}, fallbacks=10)}}
    workers.append(WorkerState(index=0, pid=1, started=1.0, beat=10.0, traffic=traffic))
    meter.sample()
    counted = meter.since("churn", 0.0)[2]
    assert (counted.requests, counted.errors) == (100, 10)


def test_periodic_work_survives_its_own_errors() -> None:
    calls: list[int] = []

    def work() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("once")

    job = Periodic("test", 0.01, work)
    job.start()
    end = time.monotonic() + 5
    while len(calls) < 3 and time.monotonic() < end:
        time.sleep(0.01)
    job.stop()
    assert len(calls) >= 3


REQUEST = Retraining(id="i-1", endpoint="shop", baseline=1, decided=0.0, reason="drift")


def jobs_that(tmp_path: Path, code: str) -> tuple[RetrainingJobs, object]:
    store = open_metadata(f"sqlite:///{tmp_path}/record.db")
    return RetrainingJobs(store, tmp_path, [sys.executable, "-c", code]), store


def test_a_job_runs_once_and_a_dead_one_is_started_again(tmp_path: Path) -> None:
    jobs, store = jobs_that(tmp_path, "import time; time.sleep(60)")
    jobs.start(REQUEST)
    jobs.start(REQUEST)
    first = jobs.result(REQUEST.key)
    assert first is not None
    assert first.status == "running"
    jobs.close()
    dead = jobs.result(REQUEST.key)
    assert dead is not None
    assert (dead.status, dead.error) == ("lost", "its process was ended by SIGTERM")
    jobs.start(REQUEST)
    again = jobs.result(REQUEST.key)
    assert again is not None
    assert again.status == "running"
    jobs.stop(REQUEST.id, "took too long")
    stopped = jobs.result(REQUEST.key)
    assert stopped is not None
    assert (stopped.status, stopped.error) == ("failed", "stopped: took too long")
    store.close()  # type: ignore[attr-defined]


def test_a_finished_retraining_never_runs_again(tmp_path: Path) -> None:
    jobs, store = jobs_that(tmp_path, "raise SystemExit(1)")
    done = RetrainingRecord(request=REQUEST, result=RetrainingResult(status="done", candidate=2))
    results(store).write(done, "finished")  # type: ignore[arg-type]
    jobs.start(REQUEST)
    result = jobs.result(REQUEST.key)
    assert result is not None
    assert result.candidate == 2
    assert not (tmp_path / "logs").exists()
    store.close()  # type: ignore[attr-defined]


def test_traffic_is_counted_by_how_long_ago_it_was_though_the_clock_was_set_back() -> None:
    clock = ManualClock(10_000.0)
    workers: list[WorkerState] = []
    meter = TrafficMeter(lambda: workers, clock)
    for good in (10, 30, 60):
        traffic = {"shop": {"1": Traffic(statuses={"200": good})}}
        workers[:] = [WorkerState(index=0, pid=1, started=1.0, beat=0, traffic=traffic)]
        meter.sample()
        clock.advance(100.0)
        if good == 30:
            clock.set(clock.now() - 7200.0)
    assert meter.since("shop", clock.now() - 150.0)[1].requests == 30
    assert meter.since("shop", clock.now() - 250.0)[1].requests == 50
