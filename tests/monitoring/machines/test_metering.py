"""What runs take is measured, their children's part included."""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from keepwell.core.clock import SystemClock
from keepwell.core.records import Resources
from keepwell.infrastructure.blobs import open_blobs
from keepwell.infrastructure.metadata import open_metadata
from keepwell.monitoring.machines import metering
from keepwell.monitoring.machines.metering import RunMeter
from keepwell.tracking.runs import Runs

BURN = "import time\nx = bytearray(60_000_000)\nwhile time.process_time() < 0.4: pass"


def ignore(values: Mapping[str, float]) -> None:
    """Keep nothing."""


def test_a_run_is_charged_for_what_its_children_did() -> None:
    meter = RunMeter()
    meter.start("a", ignore)
    subprocess.run([sys.executable, "-c", BURN], check=True)
    found = meter.stop("a")
    assert found is not None
    assert 0.3 <= found.cpu_seconds < 3  # counted in hundredths
    assert found.seconds >= 0.4
    assert found.memory_gb_seconds > 0
    assert found.memory_peak > 0
    assert found.host
    assert not found.shared
    assert meter.stop("a") is None


def test_two_runs_of_one_process_say_so() -> None:
    meter = RunMeter()
    meter.start("a", ignore)
    meter.start("b", ignore)
    first, second = meter.stop("a"), meter.stop("b")
    assert first is not None
    assert second is not None
    assert first.shared
    assert second.shared


def test_a_long_run_is_told_as_it_goes_and_the_thread_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metering, "SHORTEST", 0.01)
    monkeypatch.setattr(metering, "LONGEST", 0.02)
    told: list[Mapping[str, float]] = []
    meter = RunMeter()
    meter.start("a", told.append)
    end = time.monotonic() + 10
    while len(told) < 3 and time.monotonic() < end:
        time.sleep(0.01)
    thread = meter._thread
    assert thread is not None
    meter.close()
    thread.join(5)
    assert not thread.is_alive()
    assert len(told) >= 3
    assert told[0]["cpu_seconds"] <= told[-1]["cpu_seconds"]


def test_a_store_that_is_gone_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metering, "SHORTEST", 0.01)
    monkeypatch.setattr(metering, "LONGEST", 0.01)
    calls: list[object] = []

    def refuse(values: Mapping[str, float]) -> None:
        calls.append(values)
        raise RuntimeError("closed")

    meter = RunMeter()
    meter.start("a", refuse)
    end = time.monotonic() + 10
    while len(calls) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    assert len(calls) >= 2
    assert meter.stop("a") is not None


class Fixed:
    """Says the same of every run that it was told to measure."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def start(self, run: str, tell: metering.Tell) -> None:
        self.told.append(run)
        tell({"cpu_seconds": 7.0, "seconds": 9.0, "memory_peak": 100.0})

    def stop(self, run: str) -> Resources | None:
        if run not in self.told:
            return None
        self.told.remove(run)
        return Resources(cpu_seconds=2.0, seconds=1.0, memory_peak=50)


def test_a_run_keeps_what_it_took_and_adds_what_it_took_when_it_went_on(tmp_path: Path) -> None:
    clock = SystemClock()
    store = open_metadata(f"sqlite:///{tmp_path}/record.db", clock=clock)
    blobs = open_blobs(str(tmp_path / "blobs"))
    meter = Fixed()
    runs = Runs(store, store.measurements, blobs, clock, meter=meter)
    first = runs.start("shop")
    runs.fail(first.id, "stopped", killed=True)
    runs.resume(first.id)
    runs.finish(first.id)
    whole = runs.finish(first.id, model="shop/1").resources
    assert whole is not None
    assert (whole.cpu_seconds, whole.seconds) == (4.0, 2.0)

    killed = runs.start("shop")  # its process dies: another one buries it, and knows its last words
    buried = Runs(store, store.measurements, blobs, clock).fail(killed.id, "killed", killed=True)
    assert buried.resources is not None
    assert (buried.resources.cpu_seconds, buried.resources.memory_peak) == (7.0, 100)
    assert runs.machine(killed.id)["seconds"][-1].value == 9.0

    unmeasured = Runs(store, store.measurements, blobs, clock)
    assert unmeasured.finish(unmeasured.start("shop").id).resources is None
    store.close()
