"""One look at the machine: processors, memory, disks, network, GPUs."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import psutil

from keepwell.monitoring.machines.allowance import Allowance, allowance
from keepwell.monitoring.machines.energy import EnergyCounter
from keepwell.monitoring.machines.gpus import GpuReading, read_gpus
from keepwell.monitoring.machines.pressure import pressure


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReading:
    """A machine, as far as it tells. Percentages are of what may be used: a container's limits.

    Attributes:
        cores: Processors that may be used.
        cpu_percent: How busy those are.
        steal_percent: Time that a virtual machine wanted to run and was not let.
        iowait_percent: Time that processors had nothing to do but wait for a disk.
        load_per_core: Processes that want to run, for each processor of the machine.
        cpu_pressure: Share of the last ten seconds in which some work waited for a processor.
        memory_pressure: The same for memory.
        io_pressure: The same for disks.
        throttled: Share of the time since the last look that a quota held us back.
        memory_total: Bytes that may be used.
        memory_used: Bytes in use of them.
        memory_percent: Their share.
        swap_used: Bytes.
        disk_free: Bytes free where the workspace is.
        disk_total: Bytes there.
        disk_percent: Share in use.
        disk_read: Bytes a second, all disks.
        disk_written: Bytes a second.
        network_in: Bytes a second, without loopback.
        network_out: Bytes a second.
        temperature: Of the hottest sensor of a processor, degrees Celsius.
        watts: Power of the processors, measured.
        gpus: Each GPU.
    """

    cores: float = 0.0
    cpu_percent: float = 0.0
    steal_percent: float | None = None
    iowait_percent: float | None = None
    load_per_core: float = 0.0
    cpu_pressure: float | None = None
    memory_pressure: float | None = None
    io_pressure: float | None = None
    throttled: float | None = None
    memory_total: int = 0
    memory_used: int = 0
    memory_percent: float = 0.0
    swap_used: int = 0
    disk_free: int = 0
    disk_total: int = 0
    disk_percent: float = 0.0
    disk_read: float | None = None
    disk_written: float | None = None
    network_in: float | None = None
    network_out: float | None = None
    temperature: float | None = None
    watts: float | None = None
    gpus: tuple[GpuReading, ...] = ()

    def numbers(self) -> Iterator[tuple[str, float]]:
        """Yield what is known by the name of its series."""
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name != "gpus" and value is not None:
                yield item.name, float(value)
        for gpu in self.gpus:
            for name in ("percent", "memory_used", "watts", "temperature"):
                value = getattr(gpu, name)
                if value is not None:
                    yield f"gpu{gpu.index}_{name}", float(value)


@dataclass(frozen=True, slots=True)
class _Counters:
    """What only grows, at one time."""

    at: float
    times: Any
    limits: Allowance
    disk: Any
    network: tuple[int, int] | None
    joules: float | None


class HostReader:
    """Looks at the machine again and again; rates are from one look to the next.

    Args:
        folder: Whose disk is watched: the workspace's.
        cgroups: Where the limits are.
        proc: Where the kernel tells about itself.
        energy: Where it counts energy.
    """

    def __init__(
        self,
        folder: Path,
        *,
        cgroups: Path = Path("/sys/fs/cgroup"),
        proc: Path = Path("/proc"),
        energy: EnergyCounter | None = None,
    ) -> None:
        self._folder, self._cgroups, self._proc = folder, cgroups, proc
        self._energy = energy or EnergyCounter()
        self._machine = psutil.cpu_count() or 1
        self._before = self._count()

    def read(self) -> HostReading:
        """Look once."""
        before, now = self._before, self._count()
        self._before = now
        seconds = max(now.at - before.at, 1e-6)
        waited = pressure(self._proc)
        memory = psutil.virtual_memory()
        used = now.limits.memory_used
        used = memory.total - memory.available if used is None else used
        disk = psutil.disk_usage(str(self._folder))
        return HostReading(
            cores=now.limits.cores,
            **_processors(before, now, seconds),
            load_per_core=psutil.getloadavg()[0] / self._machine,
            cpu_pressure=waited.get("cpu"),
            memory_pressure=waited.get("memory"),
            io_pressure=waited.get("io"),
            throttled=_throttled(before, now, seconds),
            memory_total=now.limits.memory,
            memory_used=used,
            memory_percent=100 * used / max(now.limits.memory, 1),
            swap_used=_swap(),
            disk_free=disk.free,
            disk_total=disk.total,
            disk_percent=disk.percent,
            disk_read=_rate(before.disk, now.disk, seconds, "read_bytes"),
            disk_written=_rate(before.disk, now.disk, seconds, "write_bytes"),
            network_in=_flow(before, now, seconds, 0),
            network_out=_flow(before, now, seconds, 1),
            temperature=_temperature(),
            watts=None
            if now.joules is None or before.joules is None
            else (now.joules - before.joules) / seconds,
            gpus=tuple(read_gpus()),
        )

    def _count(self) -> _Counters:
        return _Counters(
            at=time.monotonic(),
            times=psutil.cpu_times(),
            limits=allowance(self._cgroups, self._proc),
            disk=_disks(),
            network=_network(),
            joules=self._energy.joules(),
        )


def _processors(before: _Counters, now: _Counters, seconds: float) -> dict[str, Any]:
    grown = {
        name: max(0.0, getattr(now.times, name) - getattr(before.times, name))
        for name in now.times._fields
        if name not in ("guest", "guest_nice")  # counted in user and nice already
    }
    whole = sum(grown.values()) or 1.0
    idle = grown.get("idle", 0.0) + grown.get("iowait", 0.0)
    busy = 100 * (1 - idle / whole)
    if now.limits.cpu_us is not None and before.limits.cpu_us is not None:
        spent = (now.limits.cpu_us - before.limits.cpu_us) / 1e6
        busy = min(100.0, 100 * spent / seconds / now.limits.cores)
    return {
        "cpu_percent": busy,
        "steal_percent": 100 * grown["steal"] / whole if "steal" in grown else None,
        "iowait_percent": 100 * grown["iowait"] / whole if "iowait" in grown else None,
    }


def _throttled(before: _Counters, now: _Counters, seconds: float) -> float | None:
    """Return the share of the time that a quota held us back.

    The kernel adds up each processor's waiting, so the sum may outrun the clock.
    """
    if now.limits.throttled_us is None or before.limits.throttled_us is None:
        return None
    waited = (now.limits.throttled_us - before.limits.throttled_us) / 1e6
    return min(1.0, max(0.0, waited / seconds / max(1.0, now.limits.cores)))


def _rate(before: Any, now: Any, seconds: float, name: str) -> float | None:
    if before is None or now is None:
        return None
    return float(max(0, getattr(now, name) - getattr(before, name))) / seconds


def _flow(before: _Counters, now: _Counters, seconds: float, side: int) -> float | None:
    if before.network is None or now.network is None:
        return None
    return max(0, now.network[side] - before.network[side]) / seconds


def _disks() -> Any:
    try:
        return psutil.disk_io_counters()
    except (OSError, RuntimeError, NotImplementedError):
        return None


def _network() -> tuple[int, int] | None:
    try:
        cards = psutil.net_io_counters(pernic=True)
    except (OSError, RuntimeError):
        return None
    own = [card for name, card in cards.items() if name != "lo"]
    return sum(card.bytes_recv for card in own), sum(card.bytes_sent for card in own)


def _swap() -> int:
    try:
        return int(psutil.swap_memory().used)
    except (OSError, RuntimeError, ValueError):
        return 0


def _temperature() -> float | None:
    """Return the hottest processor's sensor; None where there is none, as in virtual machines."""
    sensors = getattr(psutil, "sensors_temperatures", None)
    try:
        found = sensors() if sensors is not None else {}
    except (OSError, RuntimeError):
        return None
    hottest = [
        item.current
        for name in ("coretemp", "k10temp", "cpu_thermal", "zenpower")
        for item in found.get(name, ())
    ]
    return max(hottest, default=None)
