"""NVIDIA GPUs, asked through the library that their driver brings; none where there is no driver.

Called by `ctypes`: nothing to install, and nothing is loaded where the library is missing.
"""

import ctypes
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

_LIBRARY = "libnvidia-ml.so.1"
_NAME_BYTES = 96
_CORE_TEMPERATURE = 0
_MOST_PROCESSES = 256


class _Utilization(ctypes.Structure):
    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


class _Memory(ctypes.Structure):
    _fields_ = (
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    )


class _Process(ctypes.Structure):
    _fields_ = (
        ("pid", ctypes.c_uint),
        ("memory", ctypes.c_ulonglong),
        ("instance", ctypes.c_uint),
        ("compute", ctypes.c_uint),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuReading:
    """One GPU at one time. What the driver does not tell is None.

    Attributes:
        index: Which one, from 0.
        name: What it is.
        percent: How busy it was, 0 to 100.
        memory_used: Bytes.
        memory_total: Bytes.
        watts: Power now.
        joules: Energy since the driver was loaded.
        temperature: Degrees Celsius.
        processes: Bytes that each process holds, by its number.
    """

    index: int
    name: str
    percent: float | None = None
    memory_used: int | None = None
    memory_total: int | None = None
    watts: float | None = None
    joules: float | None = None
    temperature: float | None = None
    processes: Mapping[int, int] = field(default_factory=dict)


def read_gpus() -> list[GpuReading]:
    """Return every GPU; none where there is none, or no driver."""
    library = _library()
    if library is None:
        return []
    count = ctypes.c_uint()
    if library.nvmlDeviceGetCount_v2(ctypes.byref(count)):
        return []
    return [found for index in range(count.value) if (found := _read(library, index)) is not None]


def held(gpus: Sequence[GpuReading], pids: Collection[int]) -> list[GpuReading]:
    """Return the GPUs that one of some processes holds.

    Inside a container the driver may name processes by other numbers than we do, or by none. A process
    that has opened the driver's memory then holds those that somebody holds; or the first, if nobody is
    named.
    """
    ours = [gpu for gpu in gpus if not gpu.processes.keys().isdisjoint(pids)]
    if ours or not gpus or not any(_computes(pid) for pid in pids):
        return ours
    return [gpu for gpu in gpus if gpu.processes] or list(gpus[:1])


def _computes(pid: int) -> bool:
    """Tell whether a process has opened what computing on a GPU needs, and looking at one does not."""
    try:
        return any(
            str(link.readlink()) == "/dev/nvidia-uvm" for link in Path(f"/proc/{pid}/fd").iterdir()
        )
    except OSError:
        return False


@cache
def _library() -> Any:
    """Return the driver's library, ready to be asked; None if it is not there."""
    try:
        library = ctypes.CDLL(_LIBRARY)
        return None if library.nvmlInit_v2() else library
    except (OSError, AttributeError):
        return None


def _read(library: Any, index: int) -> GpuReading | None:
    handle = ctypes.c_void_p()
    if library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(handle)):
        return None
    name = ctypes.create_string_buffer(_NAME_BYTES)
    library.nvmlDeviceGetName(handle, name, ctypes.c_uint(_NAME_BYTES))
    busy = _ask(library.nvmlDeviceGetUtilizationRates, handle, _Utilization())
    memory = _ask(library.nvmlDeviceGetMemoryInfo, handle, _Memory())
    milliwatts = _ask(library.nvmlDeviceGetPowerUsage, handle, ctypes.c_uint())
    millijoules = _ask(library.nvmlDeviceGetTotalEnergyConsumption, handle, ctypes.c_ulonglong())
    temperature = ctypes.c_uint()
    cold = library.nvmlDeviceGetTemperature(
        handle, ctypes.c_uint(_CORE_TEMPERATURE), ctypes.byref(temperature)
    )
    return GpuReading(
        index=index,
        name=name.value.decode(errors="replace"),
        percent=None if busy is None else float(busy.gpu),
        memory_used=None if memory is None else memory.used,
        memory_total=None if memory is None else memory.total,
        watts=None if milliwatts is None else milliwatts.value / 1000,
        joules=None if millijoules is None else millijoules.value / 1000,
        temperature=None if cold else float(temperature.value),
        processes=_processes(library, handle),
    )


def _ask(function: Any, handle: ctypes.c_void_p, answer: Any) -> Any:
    return None if function(handle, ctypes.byref(answer)) else answer


def _processes(library: Any, handle: ctypes.c_void_p) -> dict[int, int]:
    ask = getattr(library, "nvmlDeviceGetComputeRunningProcesses_v3", None)
    if ask is None:  # a driver from before 2021
        return {}
    count = ctypes.c_uint(_MOST_PROCESSES)
    found = (_Process * _MOST_PROCESSES)()
    if ask(handle, ctypes.byref(count), found):
        return {}
    unknown = ctypes.c_ulonglong(-1).value
    return {
        one.pid: 0 if one.memory == unknown else one.memory for one in list(found)[: count.value]
    }
