"""What workers count is added up over their restarts, by version and since a time."""

from keepwell.core.clock import ManualClock
from keepwell.deployment.server.heartbeat import Traffic as Counts
from keepwell.deployment.server.heartbeat import WorkerState
from keepwell.monitoring.service import Traffic
from keepwell.operations.serving.traffic_meter import TrafficMeter


def state(started: float, version: str = "1", **statuses: int) -> WorkerState:
    counts = Counts(statuses={name[1:]: count for name, count in statuses.items()})
    return WorkerState(
        index=0, pid=1, started=started, beat=0.0, traffic={"shop": {version: counts}}
    )


def test_answered_failed_and_refused_requests_add_up_over_restarts() -> None:
    clock, states = ManualClock(100.0), [state(1.0, s200=10, s500=2, s422=3, s400=1, s404=7)]
    meter = TrafficMeter(lambda: states, clock)
    meter.sample()
    clock.advance(60.0)
    states[0] = state(1.0, s200=15, s500=2, s422=5)
    meter.sample()
    states[0] = state(2.0, s200=4, s503=1)  # a fresh process counts from 0
    meter.sample()
    assert meter.since("shop", 0.0) == {1: Traffic(requests=22, errors=3, refused=5)}
    assert meter.since("shop", 130.0) == {1: Traffic(requests=10, errors=1, refused=1)}
    assert meter.since("other", 0.0) == {}
