"""100 % means what the container may use."""

from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
import pytest

from keepwell.monitoring.machines.allowance import allowance
from keepwell.monitoring.machines.host import HostReader

Machine = Callable[[Mapping[str, object]], Path]

V2 = {
    "fs/cgroup.controllers": "cpu memory",
    "fs/app/memory.max": 4_000_000_000,
    "fs/app/memory.current": 3_000_000_000,
    "fs/app/memory.stat": "anon 1\ninactive_file 1000000000\n",
    "fs/app/cpu.max": "50000 100000",
    "fs/app/cpu.stat": "usage_usec 7000000\nthrottled_usec 2500000\n",
    "proc/self/cgroup": "0::/app\n",
}
V1 = {
    "fs/memory/app/memory.limit_in_bytes": 2_000_000_000,
    "fs/memory/app/memory.usage_in_bytes": 1_500_000_000,
    "fs/memory/app/memory.stat": "total_inactive_file 500000000\n",
    "fs/memory/memory.limit_in_bytes": 9_223_372_036_854_771_712,
    "fs/cpu/app/cpu.cfs_quota_us": 150_000,
    "fs/cpu/app/cpu.cfs_period_us": 100_000,
    "fs/cpu/app/cpu.stat": "nr_periods 1\nthrottled_time 4000000\n",
    "fs/cpuacct/app/cpuacct.usage": 3_000_000,
    "proc/self/cgroup": "4:memory:/app\n1:cpu,cpuacct:/app\n",
}


def test_version_two_gives_its_limits_without_the_cache(machine: Machine) -> None:
    root = machine(V2)
    found = allowance(root / "fs", root / "proc")
    assert (found.cores, found.memory, found.memory_used) == (0.5, 4_000_000_000, 2_000_000_000)
    assert (found.cpu_us, found.throttled_us) == (7_000_000, 2_500_000)


def test_version_one_gives_the_same(machine: Machine) -> None:
    root = machine(V1)
    found = allowance(root / "fs", root / "proc")
    assert (found.cores, found.memory, found.memory_used) == (1.5, 2_000_000_000, 1_000_000_000)
    assert (found.cpu_us, found.throttled_us) == (3000, 4000)


def test_inside_a_container_the_top_folder_is_our_group(machine: Machine) -> None:
    root = machine(
        {
            "fs/cgroup.controllers": "memory",
            "fs/memory.max": 1_000_000_000,
            "fs/memory.current": 10,
            "fs/cpu.max": "max 100000",
            "proc/self/cgroup": "0::/docker/not/seen/from/here\n",
        }
    )
    found = allowance(root / "fs", root / "proc")
    assert (found.memory, found.memory_used) == (1_000_000_000, 10)
    assert found.throttled_us is None


@pytest.mark.parametrize("limit", ["max", "9223372036854771712", "", "nonsense"])
def test_without_a_limit_the_machine_is_the_limit(machine: Machine, limit: str) -> None:
    root = machine({**V2, "fs/app/memory.max": limit, "fs/app/cpu.max": "max 100000"})
    found = allowance(root / "fs", root / "proc")
    assert found.memory == psutil.virtual_memory().total
    assert (found.memory_used, found.cpu_us) == (None, None)


def test_nothing_there_is_no_noise(tmp_path: Path) -> None:
    found = allowance(tmp_path / "none", tmp_path / "none")
    assert found.cores >= 1
    assert found.memory == psutil.virtual_memory().total


def test_a_look_is_in_percent_of_the_limits(machine: Machine, tmp_path: Path) -> None:
    root = machine({**V2, "proc/pressure/cpu": "some avg10=31.00 avg60=0.00 avg300=0.00 total=1"})
    reader = HostReader(tmp_path, cgroups=root / "fs", proc=root / "proc")
    machine({"fs/app/cpu.stat": "usage_usec 900000000\nthrottled_usec 900000000\n"})
    seen = reader.read()
    assert seen.memory_percent == pytest.approx(50.0)
    assert seen.cpu_percent == 100.0  # more than half a processor cannot be
    assert seen.throttled == 1.0
    assert seen.cpu_pressure == pytest.approx(0.31)
    assert seen.memory_pressure is None
    assert "memory_pressure" not in dict(seen.numbers())
