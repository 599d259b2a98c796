"""Watches the machine for as long as `keepwell up` runs: samples, sums of use, signals, idle workers."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from keepwell.core.clock import Clock
from keepwell.core.spec import ProjectSpec
from keepwell.infrastructure.codec import to_plain
from keepwell.monitoring.costs import usage
from keepwell.monitoring.costs.budget import BudgetState
from keepwell.monitoring.costs.usage import UsageBook
from keepwell.monitoring.machines.sampler import Ours, Sampler, Step
from keepwell.operations.spending.machinery import COSTS
from keepwell.operations.spending.parking import Parking

if TYPE_CHECKING:
    from keepwell.deployment.endpoints import Endpoints
    from keepwell.deployment.scaling import Scaling
    from keepwell.deployment.server import WorkerState
    from keepwell.infrastructure.metadata.measurements import SqlMeasurementStore

JOBS = "keepwell.cli.jobs."
KEEP_EVERY = 60.0
FRESH_SECONDS = 30.0
"""A worker that began so shortly before us was started by us."""
STORAGE_EVERY = 3600.0
TIDY_EVERY = 600.0
FINE, COARSE = (3600.0, 60.0), (7 * 86400.0, 3600.0)
"""Points older than the first are thinned to one for each of the second, in seconds."""

Asked = dict[str, tuple[float, float, float]]  # endpoint → requests, rows, milliseconds


class Attendance:
    """Looks at the machine, and books what is used.

    Args:
        home: The workspace's folder.
        spec: The project.
        measurements: Where all of it is kept.
        clock: Tells the time.
        endpoints: What serves.
        scaling: How many workers are wanted.
        budget: Tells how the month's budget stands.
    """

    def __init__(
        self,
        home: Path,
        spec: ProjectSpec,
        measurements: "SqlMeasurementStore",
        clock: Clock,
        endpoints: "Endpoints",
        scaling: "Scaling",
        budget: Callable[[], BudgetState | None] = lambda: None,
    ) -> None:
        self._home, self._clock, self._measurements = home, clock, measurements
        self._endpoints = endpoints
        self._book = UsageBook(measurements)
        self._parking = Parking(scaling, measurements, clock, spec.costs.idle)
        self.sampler = Sampler(home, measurements, clock, spec.monitor.machines, lambda: ours(home))
        self._counted: dict[tuple[int, float], Asked] | None = None
        self._last: dict[str, float] = {}
        self._began = clock.now()
        self._budget = budget
        self._done = {"keep": clock.now(), "storage": 0.0, "tidy": clock.now()}

    def look(self) -> None:
        """Look once."""
        steps = self.sampler.look()
        if self._counted is None:  # what workers that were taken over did before is booked already
            fresh = self._began - FRESH_SECONDS
            self._counted = {
                (one.index, one.started): _asked(one)
                for one in _living(self._home)
                if one.started < fresh
            }
        if not steps:
            return
        now, names = self._clock.now(), [one.name for one in self._endpoints.find()]
        states = _living(self._home)
        asked = self._count(states)
        self._charge(steps, states, asked, names, now)
        self._follow_idle(asked, names, now)
        if self._is_due("storage", STORAGE_EVERY, now):
            self._weigh(now)
        if self._is_due("keep", KEEP_EVERY, now):
            self._book.keep(now)
            self._tell_costs(now)
        if self._is_due("tidy", TIDY_EVERY, now):
            self._tidy(now)

    def close(self) -> None:
        """Keep what was added up since the last minute."""
        self._book.keep(self._clock.now())

    def _is_due(self, what: str, every: float, now: float) -> bool:
        if abs(now - self._done[what]) < every:
            return False
        self._done[what] = now
        return True

    def _count(self, states: "Sequence[WorkerState]") -> dict[tuple[int, float], Asked]:
        """Return what each worker was asked since the last look."""
        counted = {(one.index, one.started): _asked(one) for one in states}
        before, self._counted = self._counted or {}, counted
        return {worker: _grown(before.get(worker, {}), now) for worker, now in counted.items()}

    def _charge(
        self,
        steps: Mapping[str, Step],
        states: "Sequence[WorkerState]",
        asked: Mapping[tuple[int, float], Asked],
        names: Sequence[str],
        now: float,
    ) -> None:
        """Book each process's use to who caused it."""
        for name in names:
            self._book.add(f"endpoint:{name}", now, dict.fromkeys(_COUNTED, 0.0))
        for state in states:
            step = steps.get(f"worker:{state.index}")
            if step is None:
                continue
            calls = asked.get((state.index, state.started), {})
            for name, (requests, rows, busy) in calls.items():
                self._book.add(
                    f"endpoint:{name}",
                    now,
                    {"requests": requests, "rows": rows, "busy_seconds": busy / 1000},
                )
            for name, part, space in _parts(state.pool, calls, names):
                amounts = {
                    "cpu_seconds": step.cpu_seconds * part,
                    "memory_gb_seconds": step.memory / 1e9 * step.seconds * space,
                }
                self._book.add(name, now, amounts)
        for subject in ("process:control", "process:supervisor"):
            if (step := steps.get(subject)) is not None:
                amounts = {
                    "cpu_seconds": step.cpu_seconds,
                    "memory_gb_seconds": step.memory / 1e9 * step.seconds,
                }
                self._book.add(usage.PLATFORM, now, amounts)

    def _follow_idle(
        self, asked: Mapping[tuple[int, float], Asked], names: Sequence[str], now: float
    ) -> None:
        calls: dict[str, float] = {}
        for one in asked.values():
            for name, (requests, _, _) in one.items():
                calls[name] = calls.get(name, 0.0) + requests
        for name in names:
            if name not in self._last or calls.get(name):
                self._last[name] = now
        self._parking.look({name: self._last[name] for name in names}, calls)

    def _tell_costs(self, now: float) -> None:
        """Keep what of the budget is to be told."""
        state = self._budget()
        signal = None if state is None else state.signal(now)
        if state is not None:
            told = [] if signal is None else [to_plain(signal)]
            self._measurements.write_report(COSTS, now, {"time": now, "signals": told})
            self._measurements.thin(now - 3600.0, 3600.0, COSTS)

    def _weigh(self, now: float) -> None:
        """Book what is kept for the hour to come: it is weighed seldom, for that walks through it."""
        size = weight(self._home)
        self._book.add(usage.STORAGE, now, {"gb_seconds": size / 1e9 * STORAGE_EVERY})

    def _tidy(self, now: float) -> None:
        subjects = [*self.sampler.subjects, f"host:{self.sampler.host}"]
        for subject in subjects:
            for age, every in (FINE, COARSE):
                self._measurements.thin(now - age, every, subject)
        for name in (*(f"endpoint:{one.name}" for one in self._endpoints.find()), usage.PLATFORM):
            self._measurements.thin(now - 86400.0, 3600.0, f"usage:{name}")


_COUNTED = ("cpu_seconds", "memory_gb_seconds", "requests", "rows", "busy_seconds")


def _parts(pool: str, calls: Asked, names: Sequence[str]) -> list[tuple[str, float, float]]:
    """Return who pays which part of a worker: of its processor time, and of its memory.

    A worker of one endpoint is paid by it. Of a general one, processor time is shared by how long requests
    took, or is nobody's where there were none; memory by equal parts, for it waits for each of them.

    >>> _parts("", {"a": (1, 1, 30.0), "b": (1, 1, 10.0)}, ["a", "b"])
    [('endpoint:a', 0.75, 0.5), ('endpoint:b', 0.25, 0.5)]
    >>> _parts("", {}, ["a"])
    [('endpoint:a', 0.0, 1.0), ('platform', 1.0, 0.0)]
    """
    if pool:
        return [(f"endpoint:{pool}", 1.0, 1.0)]
    if not names:
        return [(usage.PLATFORM, 1.0, 1.0)]
    busy = {name: calls[name][2] for name in names if name in calls}
    total = sum(busy.values())
    space = 1.0 / len(names)
    parts = [
        (f"endpoint:{name}", busy.get(name, 0.0) / total if total else 0.0, space) for name in names
    ]
    return parts if total else [*parts, (usage.PLATFORM, 1.0, 0.0)]


def _asked(state: "WorkerState") -> Asked:
    found: Asked = {}
    for name, versions in state.traffic.items():
        requests = sum(sum(one.statuses.values()) + one.fallbacks for one in versions.values())
        rows = sum(one.rows for one in versions.values())
        busy = sum(one.latency_sum_ms for one in versions.values())
        found[name] = float(requests), float(rows), busy
    return found


def _grown(before: Asked, now: Asked) -> Asked:
    nothing = (0.0, 0.0, 0.0)
    grown = {}
    for name, (requests, rows, busy) in now.items():
        old = before.get(name, nothing)
        if requests > old[0]:
            grown[name] = requests - old[0], rows - old[1], busy - old[2]
    return grown


def _living(home: Path) -> "Sequence[WorkerState]":
    from keepwell.deployment.server.supervisor import living

    return living(home)


def ours(home: Path) -> list[Ours]:
    """Return the processes of a workspace that is up: control, supervisor, workers, jobs."""
    found = [Ours(subject="process:control", pid=os.getpid())]
    try:
        pid = int(json.loads((home / "run" / "supervisor.json").read_bytes())["pid"])
        found.append(Ours(subject="process:supervisor", pid=pid))
    except (OSError, ValueError, KeyError):
        pass
    found += [Ours(subject=f"worker:{one.index}", pid=one.pid) for one in _living(home)]
    return found + _jobs()


def _jobs() -> list[Ours]:
    """Return the jobs that this process has started, each with its family."""
    jobs = []
    for child in psutil.Process().children():
        try:
            words = child.cmdline()
        except psutil.Error:
            continue
        name = next((word for word in words if word.startswith(JOBS)), "")
        if name:
            kind = name.removeprefix(JOBS)
            subject = f"process:batch-{words[-2]}" if kind == "batch" else f"process:{kind}"
            jobs.append(Ours(subject=subject, pid=child.pid, family=True))
    return jobs


def weight(folder: Path) -> int:
    """Return the bytes that a folder takes."""
    total, folders = 0, [str(folder)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:  # it went in between
            continue
    return total
