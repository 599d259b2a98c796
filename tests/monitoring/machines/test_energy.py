"""Energy where a machine counts it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from keepwell.monitoring.machines.energy import EnergyCounter

Machine = Callable[[Mapping[str, object]], Path]


def test_packages_are_added_up_and_a_counter_may_wrap_round(machine: Machine) -> None:
    package = {"intel-rapl:0/energy_uj": 900_000, "intel-rapl:0/max_energy_range_uj": 1_000_000}
    part = {"intel-rapl:0:0/energy_uj": 5}  # is in its package already
    counter = EnergyCounter(machine({**package, **part, "intel-rapl:1/energy_uj": 0}))
    assert counter.joules() == 0.0
    machine({"intel-rapl:0/energy_uj": 100_000, "intel-rapl:1/energy_uj": 3_000_000})
    assert counter.joules() == pytest.approx(0.2 + 3.0)


def test_a_machine_that_counts_none_says_none(tmp_path: Path) -> None:
    assert EnergyCounter(tmp_path).joules() is None
