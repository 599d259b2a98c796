"""The sampler keeps what it sees, and says what is outside its limits."""

import os
import platform
from dataclasses import replace
from pathlib import Path

from keepwell.core.clock import Clock, ManualClock
from keepwell.core.spec import MachinesSpec
from keepwell.infrastructure.metadata.measurements import SqlMeasurementStore
from keepwell.monitoring.machines.host import HostReader, HostReading
from keepwell.monitoring.machines.sampler import (
    Ours,
    Sampler,
    present_reading,
    present_signals,
)
from keepwell.monitoring.machines.signals import LASTING


class Reader(HostReader):
    """Says what it is told to."""

    def __init__(self) -> None:
        self.says = HostReading(cores=2, cpu_percent=30, memory_percent=40, cpu_pressure=0.0)

    def read(self) -> HostReading:
        return self.says


class Jumping:
    """A clock that somebody sets."""

    def __init__(self, time: float) -> None:
        self.time = time

    def now(self) -> float:
        return self.time


def sampler(
    tmp_path: Path, measurements: SqlMeasurementStore, clock: Clock, *ours: Ours
) -> tuple[Sampler, Reader]:
    reader = Reader()
    made = Sampler(tmp_path, measurements, clock, MachinesSpec(), lambda: list(ours), reader)
    return made, reader


def test_host_and_processes_become_series(
    tmp_path: Path, measurements: SqlMeasurementStore, clock: ManualClock
) -> None:
    gone = Ours(subject="worker:9", pid=2**22 + 1)
    made, _ = sampler(
        tmp_path, measurements, clock, Ours(subject="worker:0", pid=os.getpid()), gone
    )
    assert made.look() == {}  # from one look to the next
    clock.advance(15)
    steps = made.look()
    assert set(steps) == {"worker:0"}
    assert steps["worker:0"].seconds == 15
    assert steps["worker:0"].memory > 1e6
    host = measurements.series(f"host:{platform.node()}")
    assert [point.value for point in host["cpu_percent"]] == [30, 30]
    assert "temperature" not in host
    assert measurements.series("worker:0", ["memory"])["memory"][0].value > 1e6
    assert measurements.read_report("machines") == {"subjects": ["worker:0"]}
    assert measurements.series("worker:9") == {}


def test_processes_are_looked_at_less_often_than_the_host(
    tmp_path: Path, measurements: SqlMeasurementStore, clock: ManualClock
) -> None:
    made, _ = sampler(tmp_path, measurements, clock, Ours(subject="worker:0", pid=os.getpid()))
    for _ in range(10):
        made.look()
        clock.advance(5)
    assert len(measurements.series("worker:0", ["memory"])["memory"]) == 3
    assert len(measurements.series(f"host:{platform.node()}", ["cores"])["cores"]) == 10


def test_what_is_told_is_there_for_everybody_and_grows_old(
    tmp_path: Path, measurements: SqlMeasurementStore, clock: ManualClock
) -> None:
    made, reader = sampler(tmp_path, measurements, clock)
    reader.says = replace(reader.says, cpu_pressure=0.7)
    for _ in range(LASTING):
        clock.advance(5)
        made.look()
    (signal,) = present_signals(measurements, clock.now())
    assert signal.column == "cpu"
    assert "short of processor time" in signal.message
    seen = present_reading(measurements, clock.now())
    assert seen is not None
    assert seen.cpu_pressure == 0.7
    reader.says = replace(reader.says, cpu_pressure=0.0)
    clock.advance(5)
    made.look()
    assert present_signals(measurements, clock.now()) == ()
    clock.advance(600)
    assert present_reading(measurements, clock.now()) is None


def test_a_clock_that_jumps_back_stops_nothing(
    tmp_path: Path, measurements: SqlMeasurementStore
) -> None:
    clock = Jumping(1_800_000_000.0)
    made, _ = sampler(tmp_path, measurements, clock, Ours(subject="worker:0", pid=os.getpid()))
    made.look()
    clock.time -= 100_000
    assert made.look() == {}
    clock.time += 15
    assert set(made.look()) == {"worker:0"}
