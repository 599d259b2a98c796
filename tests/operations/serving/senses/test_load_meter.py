"""How much is asked for, from what workers count."""

from collections.abc import Sequence

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.ports import Point
from keepwell.deployment.server.heartbeat import Traffic, WorkerState
from keepwell.operations.serving.senses.load_meter import LoadMeter

NOW = 30 * 86400.0 + 13.5 * 3600


class Series:
    """A measurement store that knows one series."""

    def __init__(self, points: Sequence[Point] = ()) -> None:
        self.points = points

    def series(
        self,
        subject: str,
        names: Sequence[str] | None = None,
        *,
        since: float = 0.0,
        limit: int = 0,
    ) -> dict[str, list[Point]]:
        return {"requests": [point for point in self.points if point.time >= since]}


def worker(
    requests: int, spent: float, *, index: int = 0, pool: str = "", **more: bool
) -> WorkerState:
    latency = (requests, *([0] * 14))
    traffic = {"churn": {"1": Traffic(latency=latency, latency_sum_ms=spent)}}
    return WorkerState(index=index, pid=1, started=1.0, beat=0.0, traffic=traffic, pool=pool)


def metered(*steps: Sequence[WorkerState], points: Sequence[Point] = ()) -> LoadMeter:
    """Return a meter that sampled these workers, ten seconds apart."""
    clock, now = ManualClock(NOW), list(steps)
    meter = LoadMeter(lambda: now.pop(0), Series(points), clock)  # type: ignore[arg-type]
    for _ in steps:
        meter.sample()
        clock.advance(10)
    return meter


def test_the_rate_and_what_workers_could_do() -> None:
    steps = (
        [worker(0, 0.0), worker(0, 0.0, index=1)],
        [worker(50, 2500.0), worker(50, 2500.0, index=1)],
    )
    load = metered(*steps).load("churn")
    assert (load.rate, load.workers) == (10.0, 2)
    assert load.capacity == pytest.approx(40.0)  # 5 s of work in 10 s of two workers: a quarter
    assert load.share == pytest.approx(0.25)
    assert load.level == "normal"


def test_workers_that_are_always_busy_are_at_their_limit() -> None:
    load = metered([worker(0, 0.0)], [worker(100, 9000.0)]).load("churn")
    assert load.level == "high"


def test_nothing_asked_is_low_and_nothing_seen_is_unknown() -> None:
    assert metered([worker(5, 1.0)], [worker(5, 1.0)]).load("churn").level == "low"
    assert metered([worker(5, 1.0)]).load("churn").level == ""


def test_a_restarted_worker_counts_on() -> None:
    fresh = WorkerState(index=0, pid=2, started=9.0, beat=0.0, traffic=worker(20, 100.0).traffic)
    load = metered([worker(500, 100.0)], [fresh]).load("churn")
    assert load.rate == 2.0


def test_a_pool_of_its_own_counts_alone() -> None:
    steps = (
        [worker(0, 0.0, pool="churn"), worker(0, 0.0, index=1)],
        [worker(10, 5000.0, pool="churn"), worker(0, 0.0, index=1)],
    )
    load = metered(*steps).load("churn")
    assert load.workers == 1
    assert load.share == pytest.approx(0.5)


def test_the_usual_is_the_median_of_this_hour_on_other_days() -> None:
    days = [
        Point("requests", NOW - day * 86400.0, rate) for day, rate in ((1, 4.0), (2, 5.0), (3, 9.0))
    ]
    other = [Point("requests", NOW - day * 86400.0 - 7200, 100.0) for day in (1, 2, 3)]
    steps = [worker(0, 0.0)], [worker(100, 1000.0)]
    load = metered(*steps, points=(*days, *other)).load("churn")
    assert (load.usual, load.level) == (5.0, "high")  # 10 requests a second
    assert metered(*steps, points=days[:2]).load("churn").usual is None
