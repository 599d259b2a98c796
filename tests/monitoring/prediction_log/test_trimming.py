"""Retention and size: what is too old or too much goes, oldest first, and the record says so."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.ports import TableStore
from keepwell.core.records import Outcome, Prediction
from keepwell.core.spec import LogSpec
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.metadata.store import SqlMetadataStore
from keepwell.infrastructure.tables.store import DeltaTableStore
from keepwell.monitoring.prediction_log import PredictionLog, Trimmer
from keepwell.monitoring.prediction_log.schema import (
    OUTCOMES,
    PREDICTIONS,
    outcome_table,
    prediction_table,
)

NOW = 1_800_000_000.0
HOUR = 3600.0


@pytest.fixture
def record(tmp_path: Path, clock: ManualClock) -> Iterator[SqlMetadataStore]:
    store = open_metadata(f"sqlite:///{tmp_path}/record.db", clock=clock)
    yield store
    store.close()


@pytest.fixture
def hours(tables: TableStore, log: PredictionLog, make: Callable[..., Prediction]) -> list[str]:
    """Hold ten hours, a file each of twenty rows; the outcome of each hour's first row is known."""
    firsts = []
    for hour in range(10, 0, -1):
        rows = [make(NOW - hour * HOUR + at) for at in range(20)]
        tables.write(PREDICTIONS, prediction_table(rows))
        known = Outcome(prediction_id=rows[0].id, endpoint="churn", outcome='"Yes"', time=NOW)
        tables.write(OUTCOMES, outcome_table([known], log.locate([rows[0].id])))
        firsts.append(rows[0].id)
    return firsts


def trimmer(
    tables: TableStore, record: SqlMetadataStore, clock: ManualClock, spec: LogSpec
) -> Trimmer:
    return Trimmer(tables, record, clock, spec)


def test_nothing_goes_without_a_limit(
    tables: TableStore, record: SqlMetadataStore, clock: ManualClock, hours: list[str]
) -> None:
    assert trimmer(tables, record, clock, LogSpec()).trim() is None
    assert trimmer(tables, record, clock, LogSpec(retention=11 * HOUR)).trim() is None
    assert record.events(kind="prediction_log") == []


def test_rows_older_than_the_retention_go_with_their_outcomes(
    tables: TableStore,
    record: SqlMetadataStore,
    clock: ManualClock,
    log: PredictionLog,
    hours: list[str],
) -> None:
    done = trimmer(tables, record, clock, LogSpec(retention=4.5 * HOUR)).trim()
    assert done is not None
    assert (done.predictions, done.outcomes) == (120, 6)
    assert [log.find(one) is not None for one in hours] == [False] * 6 + [True] * 4
    assert set(log.outcomes(hours)) == set(hours[6:])
    (event,) = record.events(kind="prediction_log")
    assert (event.verb, event.why) == ("trimmed", "older than serve.log.retention")
    assert event.data == {"before": NOW - 4.5 * HOUR, "predictions": 120, "outcomes": 6}
    assert trimmer(tables, record, clock, LogSpec(retention=4.5 * HOUR)).trim() is None


def test_the_oldest_go_where_the_log_is_too_large(
    tables: DeltaTableStore,
    record: SqlMetadataStore,
    clock: ManualClock,
    log: PredictionLog,
    hours: list[str],
) -> None:
    whole = sum(one.size for one in tables.extents(PREDICTIONS, "time"))
    most = whole * 55 // 100
    done = trimmer(tables, record, clock, LogSpec(max_bytes=most)).trim()
    assert done is not None
    assert done.reason == "beyond serve.log.max_size"
    assert sum(one.size for one in tables.extents(PREDICTIONS, "time")) <= most
    left = [log.find(one) is not None for one in hours]
    assert left == sorted(left)
    assert 3 <= sum(left) <= 5


def test_deleted_rows_free_the_disk_within_the_hour(
    tables: DeltaTableStore,
    record: SqlMetadataStore,
    clock: ManualClock,
    hours: list[str],
    tmp_path: Path,
) -> None:
    trimmer(tables, record, clock, LogSpec(retention=0.5 * HOUR)).trim()
    tables.maintain(PREDICTIONS, 0)
    files = list((tmp_path / "tables" / PREDICTIONS).glob("*.parquet"))
    assert files == []


def test_no_log_is_nothing_to_trim(
    tables: TableStore, record: SqlMetadataStore, clock: ManualClock
) -> None:
    assert trimmer(tables, record, clock, LogSpec(retention=1.0)).trim() is None
