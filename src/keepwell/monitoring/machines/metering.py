"""What runs take: measured from start to end by a thread beside them, whoever trains.

The last point of each series is the sum so far, so what a run took is known also if it was killed.
"""

import contextlib
import getpass
import platform
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import psutil

from keepwell.core.records import Resources
from keepwell.monitoring.machines.allowance import allowance
from keepwell.monitoring.machines.energy import EnergyCounter
from keepwell.monitoring.machines.gpus import GpuReading, held, read_gpus
from keepwell.monitoring.machines.pressure import pressure
from keepwell.monitoring.machines.processes import Taken, taken

SHORTEST, LONGEST = 0.5, 5.0
"""Seconds between two looks: a short run is looked at often, a long one seldom."""

POINTS = 200
"""A series has about so many points for each time that a run gets 2.7 times as long."""

STARVED = 0.25

Tell = Callable[[Mapping[str, float]], None]
"""Keeps what a run took so far."""


@dataclass(slots=True)
class _Measured:
    """One run under way."""

    tell: Tell
    began: float
    start: Taken
    busy: float
    joules: float | None
    gpu_joules: Mapping[int, float]
    last: float
    shared: bool = False
    now: Resources = field(default_factory=Resources)
    starved_seconds: float = 0.0
    gpu_used: float = 0.0  # joules of GPUs that it held
    told: float = 0.0
    cores: float = 0.0  # at work since it was told last


class RunMeter:
    """Measures the runs of this process: it and all that it started.

    Fulfils `keepwell.tracking.runs.Meter`. One thread for all runs; none while there is no run.
    """

    def __init__(self) -> None:
        self._runs: dict[str, _Measured] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._energy = EnergyCounter()

    def start(self, run: str, tell: Tell) -> None:
        """Begin to measure a run."""
        first = taken(psutil.Process())
        if first is None:
            return
        now = time.monotonic()
        with self._lock:
            crowd = list(self._runs.values())
            for other in crowd:
                other.shared = True
            self._runs[run] = _Measured(
                tell=tell,
                began=now,
                start=first,
                busy=_busy(),
                joules=self._energy.joules(),
                gpu_joules={},
                last=now,
                shared=bool(crowd),
                told=now,
                now=Resources(memory_peak=first.memory),
            )
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="run meter", daemon=True)
                self._thread.start()

    def stop(self, run: str) -> Resources | None:
        """Return what a run took; None if it is not measured here."""
        with self._lock:
            measured = self._runs.pop(run, None)
            if measured is None:
                return None
            self._look(measured)
            if not self._runs:
                self._wake.set()
        return measured.now

    def close(self) -> None:
        """Stop measuring: runs that go on are counted as far as they came."""
        with self._lock:
            self._runs.clear()
            self._wake.set()

    def _watch(self) -> None:
        while True:
            with self._lock:
                if not self._runs:
                    self._thread = None
                    self._wake.clear()
                    return
                pause = min(_pause(one) for one in self._runs.values())
            self._wake.wait(pause)
            due = []
            with self._lock:
                for measured in self._runs.values():
                    self._look(measured)
                    if self._is_due(measured):
                        due.append((measured.tell, _points(measured)))
            for tell, points in due:
                with contextlib.suppress(
                    Exception
                ):  # a store that is closed or away stops no training
                    tell(points)

    def _is_due(self, measured: _Measured) -> bool:
        passed = measured.last - measured.began
        if measured.last - measured.told < max(LONGEST, passed / POINTS):
            return False
        measured.told = measured.last
        return True

    def _look(self, measured: _Measured) -> None:
        """Look at the processes once, and add up."""
        found, now = taken(psutil.Process()), time.monotonic()
        if found is None:
            return
        step, before = now - measured.last, measured.now
        cpu = max(before.cpu_seconds, found.cpu_seconds - measured.start.cpu_seconds)
        gpus = read_gpus()
        holding = held(gpus, found.pids)
        if pressure().get("cpu", 0.0) >= STARVED:
            measured.starved_seconds += step
        self._follow_gpus(measured, gpus, holding)
        seconds = now - measured.began
        measured.cores = (cpu - before.cpu_seconds) / step if step > 0 else 0.0
        measured.last = now
        measured.now = Resources(
            seconds=seconds,
            cpu_seconds=cpu,
            memory_peak=max(before.memory_peak, found.memory),
            memory_gb_seconds=before.memory_gb_seconds + found.memory / 1e9 * step,
            read_bytes=max(0, found.read_bytes - measured.start.read_bytes),
            written_bytes=max(0, found.written_bytes - measured.start.written_bytes),
            gpu_seconds=before.gpu_seconds + step * len(holding),
            energy_joules=self._joules(measured, cpu),
            starved=measured.starved_seconds / seconds if seconds > 0 else 0.0,
            host=platform.node(),
            cores=allowance().cores,
            user=_user(),
            shared=measured.shared,
        )

    def _joules(self, measured: _Measured, cpu: float) -> float | None:
        """Return the run's part of the processors' energy, by its part of their time; and its GPUs'."""
        joules = self._energy.joules()
        if joules is None or measured.joules is None:
            return None
        busy = max(_busy() - measured.busy, cpu, 1e-9)
        return (joules - measured.joules) * min(1.0, cpu / busy) + measured.gpu_used

    def _follow_gpus(
        self, measured: _Measured, gpus: list[GpuReading], holding: list[GpuReading]
    ) -> None:
        for gpu in holding:
            before = measured.gpu_joules.get(gpu.index)
            if gpu.joules is not None and before is not None:
                measured.gpu_used += max(0.0, gpu.joules - before)
        measured.gpu_joules = {gpu.index: gpu.joules for gpu in gpus if gpu.joules is not None}


def _pause(measured: _Measured) -> float:
    passed = time.monotonic() - measured.began
    return min(LONGEST, max(SHORTEST, passed / 20))


def _points(measured: _Measured) -> dict[str, float]:
    now = measured.now
    return {
        "cores": measured.cores,
        "seconds": now.seconds,
        "cpu_seconds": now.cpu_seconds,
        "memory_peak": float(now.memory_peak),
        "memory_gb_seconds": now.memory_gb_seconds,
        "read_bytes": float(now.read_bytes),
        "written_bytes": float(now.written_bytes),
        "gpu_seconds": now.gpu_seconds,
        "starved": now.starved,
    }


def _busy() -> float:
    """Return how many seconds the machine's processors were at work so far."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    return float(
        sum(times) - idle - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return ""
