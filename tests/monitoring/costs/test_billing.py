"""Bills as clouds write them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.errors import InvalidDataError, NotFoundError
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.metadata.measurements import SqlMeasurementStore
from keepwell.monitoring.costs.billing import imported, keep_charges, read_charges

DAY = 1_767_225_600.0  # 2026-01-01
AWS = """lineItem/UsageStartDate,lineItem/ProductCode,lineItem/UnblendedCost
2026-01-01T00:00:00Z,AmazonEC2,1.25
2026-01-01T05:00:00Z,AmazonEC2,0.75
2026-01-02T00:00:00Z,AmazonS3,0.5
"""
GOOGLE = """service.description,usage_start_time,cost
Compute Engine,2026-01-01 00:00:00 UTC,2.5
"""
AZURE = """Date,MeterCategory,CostInBillingCurrency
01/01/2026,Virtual Machines,3.5
"""
OWN = "date,service,cost\n2026-01-01,power,4\n"


@pytest.fixture
def measurements(tmp_path: Path, clock: ManualClock) -> Iterator[SqlMeasurementStore]:
    store = open_metadata(f"sqlite:///{tmp_path}/record.db", clock=clock)
    yield store.measurements
    store.close()


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "bill.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "service", "amount"),
    [
        (AWS, "AmazonEC2", 2.0),
        (GOOGLE, "Compute Engine", 2.5),
        (AZURE, "Virtual Machines", 3.5),
        (OWN, "power", 4.0),
    ],
    ids=["aws", "google", "azure", "own"],
)
def test_each_cloud_is_read(tmp_path: Path, text: str, service: str, amount: float) -> None:
    assert read_charges(write(tmp_path, text)).days[DAY, service] == amount


def test_the_last_import_of_a_day_counts(tmp_path: Path, measurements: SqlMeasurementStore) -> None:
    for text in (AWS, AWS, AWS.replace("1.25", "2.25")):
        keep_charges(measurements, read_charges(write(tmp_path, text)))
    assert imported(measurements, DAY, DAY + 3 * 86400) == {"AmazonEC2": 3.0, "AmazonS3": 0.5}
    assert imported(measurements, DAY + 86400, DAY + 3 * 86400) == {"AmazonS3": 0.5}


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match="no column for the cost"):
        read_charges(write(tmp_path, "date,service,price\n2026-01-01,a,1\n"))
    with pytest.raises(InvalidDataError, match="row 1"):
        read_charges(write(tmp_path, "date,service,cost\nyesterday,a,1\n"))
    with pytest.raises(NotFoundError):
        read_charges(tmp_path / "none.csv")
