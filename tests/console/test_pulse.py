"""Traffic now, told by whoever looks."""

from keepwell.console.pulse import SPAN, Pulse
from keepwell.core.clock import ManualClock
from keepwell.deployment.server.heartbeat import Traffic, WorkerState


def worker(rows: int, *, index: int = 0, started: float = 1.0) -> WorkerState:
    traffic = {"churn": {"1": Traffic(rows=rows), "2": Traffic(rows=0)}}
    return WorkerState(index=index, pid=1, started=started, beat=1.0, traffic=traffic)


def test_the_rate_is_what_all_workers_answered_between_two_looks() -> None:
    clock, states = ManualClock(100.0), [worker(1000), worker(5, index=1)]
    pulse = Pulse(lambda: states, clock)
    assert pulse.rate("churn") is None
    clock.advance(5)
    states[:] = [worker(1040), worker(15, index=1)]
    assert pulse.rate("churn") == 10.0
    assert pulse.rate("other") == 0.0


def test_only_the_last_seconds_count_while_somebody_looks() -> None:
    clock, states = ManualClock(100.0), [worker(0)]
    pulse = Pulse(lambda: states, clock)
    for second in range(1, 61):
        clock.advance(1)
        states[:] = [worker(second if second <= 30 else 30)]
        pulse.rate("churn")
    assert pulse.rate("churn") == 0.0


def test_a_look_after_a_long_time_tells_the_mean_since() -> None:
    clock, states = ManualClock(100.0), [worker(0)]
    pulse = Pulse(lambda: states, clock)
    clock.advance(10 * SPAN)
    states[:] = [worker(300)]
    assert pulse.rate("churn") == 300 / (10 * SPAN)


def test_a_worker_that_was_started_again_counts_from_nothing() -> None:
    clock, states = ManualClock(100.0), [worker(1000)]
    pulse = Pulse(lambda: states, clock)
    clock.advance(2)
    states[:] = [worker(6, started=101.0)]
    assert pulse.rate("churn") == 3.0
