"""What the SQL adapter of measurements promises beyond the laws of the port."""

import time
from collections.abc import Iterator

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.errors import UnavailableError
from keepwell.core.ports import Point
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.metadata.measurements import SqlMeasurementStore
from keepwell.infrastructure.metadata.store import SqlMetadataStore


@pytest.fixture
def record(record_url: str) -> Iterator[SqlMetadataStore]:
    opened = open_metadata(record_url, clock=ManualClock())
    yield opened
    opened.close()


@pytest.fixture
def store(record: SqlMetadataStore) -> SqlMeasurementStore:
    return record.measurements


def _times(store: SqlMeasurementStore, subject: str, name: str) -> list[float]:
    return [point.time for point in store.series(subject)[name]]


def test_thinning_keeps_the_last_point_of_each_stretch(store: SqlMeasurementStore) -> None:
    for subject in ("a", "b"):
        store.append(
            subject, [Point(name, float(n), float(n)) for name in "xy" for n in range(100)]
        )
    assert store.thin(older_than=60.0, every=20.0, subject="a") == 2 * 57
    kept = _times(store, "a", "x")
    assert kept[-40:] == [float(n) for n in range(60, 100)]
    assert len(kept) == 43
    assert kept == _times(store, "a", "y")
    assert len(_times(store, "b", "x")) == 100
    assert store.thin(older_than=60.0, every=20.0) == 2 * 57
    assert store.thin(older_than=60.0, every=20.0) == 0


def test_thinning_keeps_the_last_report_of_each_stretch(store: SqlMeasurementStore) -> None:
    for n in range(100):
        store.write_report("a", float(n), {"n": n})
    assert store.thin(older_than=50.0, every=1000.0) == 49
    assert store.read_report("a", at=50.0) == {"n": 50}
    assert store.read_report("a", at=49.5) == {"n": 49}
    assert store.read_report("a", at=48.5) is None


def test_measurements_are_outside_the_chain(record: SqlMetadataStore) -> None:
    record.measurements.append("a", [Point("x", 1.0, 1.0)])
    record.measurements.write_report("a", 1.0, {})
    assert record.events() == []


def test_many_points_are_read_as_quickly_as_they_are_plotted(
    store: SqlMeasurementStore,
) -> None:
    for name in ("x", "y"):
        store.append("a", [Point(name, n / 10, n / 7, n) for n in range(20_000)])
    start = time.process_time()
    found = store.series("a", ["x"], since=1500.0, limit=1000)
    assert time.process_time() - start < 0.1
    assert len(found["x"]) == 1000
    assert found["x"][-1] == Point("x", 1999.9, 19_999 / 7, 19_999)


def test_reports_may_hold_what_numbers_come_as(store: SqlMeasurementStore) -> None:
    store.write_report("a", 1.0, {"nan": float("nan"), "tuple": (1, 2)})
    assert store.read_report("a") == {"nan": "nan", "tuple": [1, 2]}


def test_a_closed_store_refuses_to_measure(record: SqlMetadataStore) -> None:
    record.close()
    with pytest.raises(UnavailableError):
        record.measurements.append("a", [Point("x", 1.0, 1.0)])
