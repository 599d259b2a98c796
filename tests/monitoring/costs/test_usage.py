"""Sums of use outlive processes and thinning."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.spec import CostsSpec, PricesSpec
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.metadata.measurements import SqlMeasurementStore
from keepwell.monitoring.costs.idle import Waiting, idle_endpoints
from keepwell.monitoring.costs.usage import UsageBook, first_seen, last_growth, used

CHURN = "endpoint:churn"


@pytest.fixture
def measurements(tmp_path: Path, clock: ManualClock) -> Iterator[SqlMeasurementStore]:
    store = open_metadata(f"sqlite:///{tmp_path}/record.db", clock=clock)
    yield store.measurements
    store.close()


def test_a_stretch_of_time_is_charged_with_what_grew_in_it(
    measurements: SqlMeasurementStore,
) -> None:
    book = UsageBook(measurements)
    for minute in range(1, 121):
        book.add(CHURN, minute * 60.0, {"cpu_seconds": 1.0, "rows": 10.0})
        book.keep(minute * 60.0)
    assert used(measurements, CHURN, 0.0, 1e9).cpu_seconds == 120
    first, second = used(measurements, CHURN, 0.0, 3600.0), used(measurements, CHURN, 3600.0, 7200)
    assert (first.rows, second.rows) == (600, 600)
    assert used(measurements, CHURN, 1e6, 1e9).rows == 0
    measurements.thin(7300.0, 3600.0, f"usage:{CHURN}")
    assert used(measurements, CHURN, 0.0, 1e9).cpu_seconds == 120
    assert first_seen(measurements, CHURN) is not None


def test_another_process_goes_on_with_the_sum(measurements: SqlMeasurementStore) -> None:
    for start in (0.0, 1000.0):
        book = UsageBook(measurements)
        book.add(CHURN, start, {"cpu_seconds": 5.0})
        book.add(CHURN, start + 60, {"cpu_seconds": 5.0})
        book.keep(start + 60)
    assert used(measurements, CHURN, 0.0, 1e9).cpu_seconds == 20


def test_when_an_endpoint_was_asked_last_is_known(measurements: SqlMeasurementStore) -> None:
    book = UsageBook(measurements)
    for minute in range(10):
        book.add(CHURN, minute * 60.0, {"requests": 3.0 if minute < 4 else 0.0})
        book.keep(minute * 60.0)
    assert last_growth(measurements, CHURN, "requests") == 180.0
    assert last_growth(measurements, "endpoint:other", "requests") is None


def test_an_endpoint_that_waits_is_idle_and_priced() -> None:
    spec = CostsSpec(prices=PricesSpec(memory_gb_hour=0.5))
    waiting = {
        "a": Waiting(last=1000.0, begun=0.0, workers=2, memory=2_000_000_000),
        "b": Waiting(last=None, begun=0.0, memory=1_000_000_000, parked=1),
        "c": Waiting(last=9000.0, begun=0.0),
        "young": Waiting(last=None, begun=9500.0),
    }
    found = idle_endpoints(waiting, lambda name, since: since + len(name), spec, 10_000.0)
    assert [one.endpoint for one in found] == ["a", "b"]
    assert found[0].wasted == 1001.0  # since it was asked last
    assert found[0].an_hour == pytest.approx(1.0)
    assert (found[0].workers, found[1].parked, found[1].last) == (2, 1, None)
