"""The machine that serves, as scenarios want it: what a look at it reads, and what a worker takes."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from keepwell.monitoring.machines.host import HostReading

if TYPE_CHECKING:
    import psutil

    from keepwell.monitoring.machines.processes import Taken
    from keepwell.monitoring.machines.sampler import Ours

GB = 1_000_000_000
WELL = HostReading(
    cores=4.0,
    cpu_percent=35.0,
    load_per_core=0.4,
    cpu_pressure=0.02,
    memory_pressure=0.0,
    io_pressure=0.01,
    memory_total=16 * GB,
    memory_used=6 * GB,
    memory_percent=37.5,
    disk_free=300 * GB,
    disk_total=500 * GB,
    disk_percent=40.0,
)
"""A machine at work that lacks nothing."""


@dataclass(slots=True)
class Machine:
    """A machine that is what it is told to be.

    Attributes:
        reading: What a look at it reads.
        worker_bytes: Memory of its worker.
    """

    reading: HostReading = field(default=WELL)
    worker_bytes: int = 200_000_000
    seconds: float = 0.0

    def be(self, **changes: float) -> None:
        """Be otherwise from now on."""
        self.reading = replace(self.reading, **changes)  # type: ignore[arg-type]

    def read(self) -> HostReading:
        """Look at it; fills the place of `HostReader`."""
        return self.reading

    def processes(self) -> list[Ours]:
        """Return its one worker; this process lends its number."""
        from keepwell.monitoring.machines.sampler import Ours

        return [Ours(subject="worker:0", pid=os.getpid())]

    def taken(self, process: psutil.Process, *, children: bool = True) -> Taken:
        """Return what the worker took so far."""
        from keepwell.monitoring.machines.processes import Taken

        self.seconds += 1.0
        return Taken(cpu_seconds=self.seconds, memory=self.worker_bytes, threads=8)

    def disk(self) -> tuple[float, float]:
        """Return what is free of the workspace's disk: the share, and bytes."""
        return self.reading.disk_free / self.reading.disk_total, float(self.reading.disk_free)
