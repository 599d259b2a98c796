"""What of a machine is told, and what is not."""

from hypothesis import given
from hypothesis import strategies as st

from keepwell.core.ports import Point
from keepwell.core.spec import MachinesSpec
from keepwell.infrastructure.metadata.measurements import SqlMeasurementStore
from keepwell.monitoring.machines.host import HostReading
from keepwell.monitoring.machines.signals import LASTING, Growth, growth, resource_signals
from keepwell.monitoring.machines.starvation import shortages, starvation

SPEC = MachinesSpec()
CALM = HostReading(cores=2, cpu_percent=40, cpu_pressure=0.02, memory_percent=50, disk_percent=50)
BUSY = HostReading(cores=2, cpu_percent=100, cpu_pressure=0.05, load_per_core=1.0)


def told(*looks: HostReading, spec: MachinesSpec = SPEC, **more: Growth) -> list[str]:
    workers = {name.replace("_", ":"): one for name, one in more.items()}
    found = resource_signals("web-1", looks, spec, now=100.0, workers=workers)
    assert all(one.kind == "resource" and one.endpoint == "" for one in found)
    assert all(0 <= one.severity <= 1 for one in found)
    return [one.column for one in found]


def test_a_busy_machine_is_not_starved() -> None:
    assert told(*[BUSY] * LASTING) == []
    assert shortages(BUSY, SPEC) == {}


def test_work_that_waits_is_told_once_it_lasts() -> None:
    starved = HostReading(cpu_percent=100, cpu_pressure=0.6, io_pressure=0.4)
    assert told(*[starved] * (LASTING - 1)) == []
    assert told(*[starved] * LASTING) == ["cpu", "io"]
    assert told(*[starved] * LASTING, CALM) == []


def test_stolen_time_and_a_quota_starve_too() -> None:
    assert shortages(HostReading(steal_percent=15.0), SPEC) == {"cpu": 0.15}
    assert shortages(HostReading(steal_percent=5.0), SPEC) == {}
    assert shortages(HostReading(throttled=0.5), SPEC) == {"cpu": 0.5}


def test_an_old_kernel_is_judged_by_its_queue() -> None:
    assert shortages(HostReading(load_per_core=4.0), SPEC) == {"cpu": 0.75}
    assert shortages(HostReading(load_per_core=4.0, cpu_pressure=0.0), SPEC) == {}


def test_disk_at_once_and_memory_when_it_stays() -> None:
    full = HostReading(disk_percent=95, disk_free=4_000_000_000, memory_percent=97)
    assert told(full) == ["disk"]
    assert told(*[full] * LASTING) == ["memory", "disk"]
    assert told(*[full] * LASTING, spec=MachinesSpec(disk=0.97, memory=0.98)) == []


def test_a_worker_that_grows_is_named() -> None:
    grown = Growth(before=1e8, after=2e8, seconds=1800.0)
    assert told(CALM, worker_2=grown) == ["worker:2"]
    assert told(CALM, worker_2=Growth(before=1e8, after=1.1e8, seconds=3600.0)) == []


@given(st.lists(st.floats(0, 1e7), min_size=60, max_size=60))
def test_memory_that_goes_up_and_down_is_no_growth(noise: list[float]) -> None:
    points = [Point("memory", 60.0 * at, 1e8 + extra) for at, extra in enumerate(noise)]
    assert growth(points, started=-1e9) is None


def test_what_a_worker_loads_at_its_start_is_no_growth() -> None:
    loading = [Point("memory", 10.0 * at, 5e7 * min(at, 20)) for at in range(200)]
    assert growth(loading, started=0.0) is None


def test_a_window_says_whether_the_host_was_starved(measurements: SqlMeasurementStore) -> None:
    short = [Point("short_of_cpu", float(at), 0.6 if 100 <= at < 200 else 0.0) for at in range(300)]
    measurements.append("host:web-1", short)
    found = starvation(measurements, 110.0, 190.0, host="web-1")
    assert found is not None
    assert (found.resource, found.share) == ("cpu", 1.0)
    assert found.message == "the host 'web-1' was short of processor time in 100% of 1m 20s"
    assert starvation(measurements, 200.0, 300.0, host="web-1") is None
    assert starvation(measurements, 110.0, 190.0, host="other") is None
