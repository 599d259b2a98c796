"""Looks at the machine and at our processes again and again, and keeps what it saw as series.

Subjects: `host:NAME` (the numbers of `HostReading`, `short_of_cpu`, `short_of_memory`, `short_of_io`, and of
each GPU), `process:control`, `process:supervisor`, `process:JOB` and `worker:N` (`cpu_percent` of one
processor, `memory`, `threads`, `read`, `written`). The newest signals are the report of `host:NAME`.
"""

import platform
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

from keepwell.core.clock import Clock
from keepwell.core.ports import MeasurementStore, Point
from keepwell.core.records import Signal
from keepwell.core.spec import MachinesSpec
from keepwell.infrastructure.codec import from_plain, to_plain
from keepwell.monitoring.machines.host import HostReader, HostReading
from keepwell.monitoring.machines.processes import Taken, taken
from keepwell.monitoring.machines.signals import (
    GROWTH_SECONDS,
    Growth,
    growth,
    resource_signals,
)
from keepwell.monitoring.machines.starvation import SHORT_OF, shortages

PROCESSES_EVERY = 15.0
"""Seconds between two looks at our processes: a look is dearer than one at the machine."""

REPORT_EVERY = 30.0
GROWTH_EVERY = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """One of our processes.

    Attributes:
        subject: What its series are kept under: `worker:0`.
        pid: Its number.
        family: What it started counts with it.
    """

    subject: str
    pid: int
    family: bool = False


class Looks(Protocol):
    """Looks at a machine."""

    def read(self) -> HostReading:
        """Return how it is now."""
        ...


class Take(Protocol):
    """Says what a process took."""

    def __call__(self, process: psutil.Process, /, *, children: bool) -> Taken | None:
        """Return what it, and what it started, took so far; None if it has ended."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one of our processes took from one look to the next."""

    seconds: float
    cpu_seconds: float
    memory: int
    read_bytes: int
    written_bytes: int
    threads: int


class Sampler:
    """Samples a host and our processes on it.

    Args:
        home: The workspace's folder: its disk is watched.
        measurements: Where series go.
        clock: Stamps them.
        spec: The limits.
        processes: Gives our processes.
        reader: Looks at the machine.
        take: Says what a process and its children took so far.
    """

    def __init__(
        self,
        home: Path,
        measurements: MeasurementStore,
        clock: Clock,
        spec: MachinesSpec,
        processes: Callable[[], list[Ours]],
        reader: Looks | None = None,
        take: Take = taken,
    ) -> None:
        self.host = platform.node()
        self.signals: tuple[Signal, ...] = ()
        self.subjects = {f"host:{self.host}"}
        self._measurements, self._clock, self._spec = measurements, clock, spec
        self._processes = processes
        self._reader: Looks = reader or HostReader(home)
        self._take = take
        self._looks: deque[HostReading] = deque(maxlen=12)
        self._last: dict[tuple[str, int], tuple[float, Taken, psutil.Process]] = {}
        self._growths: dict[str, Growth] = {}
        self._due = {"processes": 0.0, "report": 0.0, "growth": 0.0}

    def look(self) -> Mapping[str, Step]:
        """Look once; return what each of our processes took, where it was their turn."""
        now, reading = self._clock.now(), self._reader.read()
        self._looks.append(reading)
        short = shortages(reading, self._spec)
        points = [Point(name, now, value) for name, value in reading.numbers()]
        points += [Point(f"short_of_{one}", now, short.get(one, 0.0)) for one in SHORT_OF]
        self._measurements.append(f"host:{self.host}", points)
        steps = self._look_at_processes(now) if self._is_due("processes", now) else {}
        self._tell(now)
        return steps

    def _is_due(self, what: str, now: float) -> bool:
        every = {"processes": PROCESSES_EVERY, "report": REPORT_EVERY, "growth": GROWTH_EVERY}
        if abs(now - self._due[what]) < every[what] * 0.9:  # a clock that jumps back counts as due
            return False
        self._due[what] = now
        return True

    def _look_at_processes(self, now: float) -> dict[str, Step]:
        seen: dict[tuple[str, int], tuple[float, Taken, psutil.Process]] = {}
        known = {subject for subject, _ in self._last}
        steps: dict[str, Step] = {}
        for one in self._processes():
            key = (one.subject, one.pid)
            before = self._last.get(key)
            try:
                process = before[2] if before else psutil.Process(one.pid)
                found = self._take(process, children=one.family) if process.is_running() else None
            except psutil.Error:
                continue
            if found is None:
                continue
            seen[key] = (now, found, process)
            if before is not None and now > before[0]:
                steps[one.subject] = _step(before[1], found, now - before[0])
        self._last = seen
        if known != {subject for subject, _ in seen}:
            subjects = sorted({subject for subject, _ in seen})
            self._measurements.write_report("machines", now, {"subjects": subjects})
        for subject, step in steps.items():
            self.subjects.add(subject)
            self._measurements.append(
                subject, [Point(name, now, value) for name, value in _numbers(step)]
            )
        return steps

    def _tell(self, now: float) -> None:
        """Judge, and keep the signals where they changed or grew old."""
        if self._is_due("growth", now):
            self._growths = {
                subject: found
                for (subject, _), (_, _, process) in self._last.items()
                if subject.startswith("worker:")
                and (found := growth(self._memory_of(subject, now), _born(process, now)))
            }
        signals = resource_signals(
            self.host, tuple(self._looks), self._spec, now=now, workers=self._growths
        )
        changed = {one.column for one in signals} != {one.column for one in self.signals}
        self.signals = signals
        if self._is_due("report", now) or changed:
            reading = self._looks[-1]
            body = {"time": now, "signals": to_plain(signals), "reading": to_plain(reading)}
            self._measurements.write_report(f"host:{self.host}", now, body)

    def _memory_of(self, subject: str, now: float) -> list[Point]:
        lines = self._measurements.series(subject, ["memory"], since=now - GROWTH_SECONDS)
        return lines.get("memory", [])


def present_signals(
    measurements: MeasurementStore, now: float, *, host: str = "", fresh: float = 120.0
) -> tuple[Signal, ...]:
    """Return what of a host is outside its limits now; nothing if nobody has looked lately."""
    report = measurements.read_report(f"host:{host or platform.node()}")
    if report is None or now - report["time"] > fresh:
        return ()
    return tuple(from_plain(Signal, one) for one in report["signals"])


def present_reading(
    measurements: MeasurementStore, now: float, *, host: str = "", fresh: float = 120.0
) -> HostReading | None:
    """Return how a host is; None if nobody has looked lately."""
    report = measurements.read_report(f"host:{host or platform.node()}")
    if report is None or now - report["time"] > fresh:
        return None
    return from_plain(HostReading, report["reading"])


def _born(process: psutil.Process, now: float) -> float:
    try:
        return float(process.create_time())
    except psutil.Error:
        return now


def _step(before: Taken, after: Taken, seconds: float) -> Step:
    return Step(
        seconds=seconds,
        cpu_seconds=max(0.0, after.cpu_seconds - before.cpu_seconds),
        memory=after.memory,
        read_bytes=max(0, after.read_bytes - before.read_bytes),
        written_bytes=max(0, after.written_bytes - before.written_bytes),
        threads=after.threads,
    )


def _numbers(step: Step) -> Iterator[tuple[str, float]]:
    yield "cpu_percent", 100 * step.cpu_seconds / step.seconds
    yield "memory", float(step.memory)
    yield "threads", float(step.threads)
    yield "read", step.read_bytes / step.seconds
    yield "written", step.written_bytes / step.seconds
