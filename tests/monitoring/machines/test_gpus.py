"""GPUs through a stand-in for the driver's library: the same calls, the same layouts."""

import ctypes
from collections.abc import Iterator
from typing import Any

import pytest

from keepwell.monitoring.machines import gpus

FAILED = 3


class Driver:
    """Answers as the library does for one GPU; `missing` are calls that this driver refuses."""

    def __init__(self, missing: str = "") -> None:
        self.missing = missing

    def __getattr__(self, name: str) -> Any:
        if name == self.missing:
            return lambda *_: FAILED
        return {
            "nvmlDeviceGetCount_v2": self._count,
            "nvmlDeviceGetHandleByIndex_v2": lambda *_: 0,
            "nvmlDeviceGetName": self._name,
            "nvmlDeviceGetUtilizationRates": self._utilization,
            "nvmlDeviceGetMemoryInfo": self._memory,
            "nvmlDeviceGetPowerUsage": lambda _, out: _set(out, 350_500),
            "nvmlDeviceGetTotalEnergyConsumption": lambda _, out: _set(out, 9_000),
            "nvmlDeviceGetTemperature": lambda _, __, out: _set(out, 61),
            "nvmlDeviceGetComputeRunningProcesses_v3": self._processes,
        }[name]

    def _count(self, out: Any) -> int:
        return _set(out, 1)

    def _name(self, handle: Any, buffer: Any, size: Any) -> int:
        buffer.value = b"NVIDIA H100"
        return 0

    def _utilization(self, handle: Any, out: Any) -> int:
        out._obj.gpu = 87
        return 0

    def _memory(self, handle: Any, out: Any) -> int:
        out._obj.total, out._obj.used = 80 << 30, 8 << 30
        return 0

    def _processes(self, handle: Any, count: Any, found: Any) -> int:
        found[0].pid, found[0].memory = 4242, 7 << 30
        return _set(count, 1)


def _set(out: Any, value: int) -> int:
    out._obj.value = value
    return 0


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    gpus._library.cache_clear()
    yield
    gpus._library.cache_clear()


def test_a_gpu_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "_library", Driver)
    (found,) = gpus.read_gpus()
    assert (found.name, found.percent, found.watts, found.joules) == ("NVIDIA H100", 87, 350.5, 9.0)
    assert (found.memory_used, found.memory_total) == (8 << 30, 80 << 30)
    assert (found.temperature, dict(found.processes)) == (61, {4242: 7 << 30})
    assert gpus.held([found], [1, 4242]) == [found]
    assert gpus.held([found], [1]) == []


def test_what_a_driver_does_not_tell_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "_library", lambda: Driver("nvmlDeviceGetPowerUsage"))
    (found,) = gpus.read_gpus()
    assert found.watts is None
    assert found.percent == 87


def test_a_machine_without_a_driver_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> Any:
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    assert gpus.read_gpus() == []
