from collections.abc import Iterator
from pathlib import Path

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.ports import MeasurementStore
from keepwell.core.records import ColumnType, Estimate
from keepwell.infrastructure.metadata import open_metadata
from keepwell.monitoring.report import ColumnReport, Performance, Report, Service
from keepwell.monitoring.series import record

NOW = 1_800_000_000.0


@pytest.fixture
def measurements(tmp_path: Path, clock: ManualClock) -> Iterator[MeasurementStore]:
    store = open_metadata(f"sqlite:///{tmp_path}/record.db", clock=clock)
    yield store.measurements
    store.close()


REPORT = Report(
    endpoint="churn",
    model="churn",
    version=3,
    time=NOW,
    since=NOW - 60,
    until=NOW,
    rows=200,
    columns=(
        ColumnReport(name="tenure", type=ColumnType.NUMBER, detector="shift", effect=0.2),
        ColumnReport(name="since", type=ColumnType.DATETIME),
    ),
    prediction=ColumnReport(
        name="prediction", type=ColumnType.CATEGORY, detector="jensen-shannon", effect=0.1
    ),
    performance=Performance(
        metric="roc_auc",
        value=Estimate(value=0.8),
        rows=50,
        metrics={"roc_auc": Estimate(value=0.8), "accuracy": Estimate(value=0.75)},
    ),
    service=Service(version=3, rows=200, per_second=2.5, latency_p50_ms=1.0, latency_p95_ms=2.0),
    total=Service(rows=250, per_second=3.5, latency_p50_ms=1.5, error_rate=0.01),
)


def test_every_number_has_its_series(measurements: MeasurementStore) -> None:
    record(measurements, REPORT)
    seen = {name: line[0].value for name, line in measurements.series("endpoint:churn").items()}
    assert seen == {
        "metric:roc_auc": 0.8,
        "metric:accuracy": 0.75,
        "drift:tenure": 0.2,
        "drift:prediction": 0.1,
        "rows": 250,
        "requests": 3.5,
        "error_rate": 0.01,
        "latency_p50_ms": 1.5,
    }
    own = measurements.series("endpoint:churn/v3")
    assert own["requests"][0].value == 2.5
    assert own["latency_p95_ms"][0].time == NOW


def test_the_report_is_kept(measurements: MeasurementStore) -> None:
    record(measurements, REPORT)
    body = measurements.read_report("endpoint:churn")
    assert body is not None
    assert body["columns"][0]["name"] == "tenure"


def test_a_challenger_leaves_the_endpoints_series_alone(measurements: MeasurementStore) -> None:
    record(measurements, REPORT, main=False)
    assert measurements.series("endpoint:churn") == {}
    assert measurements.read_report("endpoint:churn") is None
    assert "metric:roc_auc" in measurements.series("endpoint:churn/v3")
