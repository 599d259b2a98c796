from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from keepwell.core.errors import UsageError
from keepwell.core.identifiers import new_id
from keepwell.core.ports import TableStore
from keepwell.core.records import Outcome, Prediction
from keepwell.infrastructure.segments import SegmentWriter, encode_prediction
from keepwell.monitoring.prediction_log import Collector, Counts, PredictionLog
from keepwell.monitoring.prediction_log.schema import (
    OUTCOMES,
    PREDICTIONS,
    outcome_table,
    prediction_table,
)

NOW = 1_800_000_000.0
HOUR = 3600.0

Make = Callable[..., Prediction]


@pytest.fixture
def filled(tables: TableStore, make: Make) -> list[Prediction]:
    """Hold a row every ten minutes of the last ten hours, in one file an hour."""
    rows = [
        make(NOW - 600 * step, version=1 + (step < 20), key=f"k{step % 5}")
        for step in range(60, 0, -1)
    ]
    for start in range(0, 60, 6):
        tables.write(PREDICTIONS, prediction_table(rows[start : start + 6]))
    tables.write(PREDICTIONS, prediction_table([make(NOW - 30, endpoint="iris")]))
    return rows


def know(tables: TableStore, log: PredictionLog, *rows: Prediction, outcome: str = '"Yes"') -> None:
    ids = [row.id for row in rows]
    records = [
        Outcome(prediction_id=one, endpoint=row.endpoint, outcome=outcome, time=NOW)
        for one, row in zip(ids, rows, strict=True)
    ]
    found = log.locate(ids)
    order = [found["id"].to_pylist().index(one) for one in ids]
    tables.write(OUTCOMES, outcome_table(records, found.take(order)))


def test_an_empty_log_finds_nothing(log: PredictionLog) -> None:
    assert log.find(new_id()) is None
    assert log.recent("churn") == []
    assert log.window("churn", rows=10).num_rows == 0
    assert log.labelled("churn").num_rows == 0
    assert {"outcome", "inputs"} <= set(log.labelled("churn").column_names)
    assert log.latest_of_keys("churn", {("a", NOW)}) == {}
    assert log.counts("churn") == Counts()


def test_one_is_found_by_id(log: PredictionLog, filled: list[Prediction]) -> None:
    assert log.find(filled[7].id) == filled[7]
    assert log.find(new_id(NOW)) is None
    assert log.find("not an id") is None


def test_the_newest_come_first(log: PredictionLog, filled: list[Prediction]) -> None:
    assert log.recent("churn", 3) == filled[:-4:-1]
    assert log.recent("churn", 3, version=1) == filled[40:37:-1]
    assert len(log.recent("churn", 1000)) == 60


def test_a_window_has_its_bounds(log: PredictionLog, filled: list[Prediction]) -> None:
    seen = log.window("churn", since=NOW - HOUR, until=NOW - 600)
    assert seen["id"].to_pylist() == [row.id for row in filled[-6:-1]]
    assert seen["time"].to_pylist() == [row.time for row in filled[-6:-1]]
    newest = log.window("churn", rows=2, since=NOW - HOUR, until=NOW - 600, columns=["id"])
    assert newest.column_names == ["id"]
    assert newest["id"].to_pylist() == [row.id for row in filled[-3:-1]]
    assert log.window("churn", since=NOW - 600, rows=50)["id"].to_pylist() == [filled[-1].id]


def test_a_window_of_rows_reaches_as_far_as_it_must(
    log: PredictionLog, filled: list[Prediction]
) -> None:
    assert log.window("churn", rows=55)["id"].to_pylist() == [row.id for row in filled[-55:]]
    assert log.window("churn", rows=1000).num_rows == 60


def test_labelled_rows_carry_their_outcome(
    log: PredictionLog, tables: TableStore, filled: list[Prediction]
) -> None:
    know(tables, log, filled[58], filled[3])
    know(tables, log, filled[30], outcome='"No"')
    seen = log.labelled("churn", columns=["version", "prediction"])
    assert seen.column_names == ["version", "prediction", "outcome", "outcome_time"]
    assert seen["outcome"].to_pylist() == ['"Yes"', '"No"', '"Yes"']
    assert seen["outcome_time"].to_pylist() == [NOW] * 3
    assert log.labelled("churn", rows=1)["id"].to_pylist() == [filled[58].id]
    assert log.labelled("churn", since=NOW - 6 * HOUR)["id"].to_pylist() == [
        filled[30].id,
        filled[58].id,
    ]
    assert log.labelled("churn", version=2)["id"].to_pylist() == [filled[58].id]
    assert log.labelled("iris").num_rows == 0


def test_the_first_outcome_counts(
    log: PredictionLog, tables: TableStore, filled: list[Prediction]
) -> None:
    know(tables, log, filled[5])
    know(tables, log, filled[5], outcome='"No"')
    assert log.labelled("churn").num_rows == 1
    assert len(log.outcomes([filled[5].id, filled[6].id])) == 1


def test_the_latest_of_a_key_is_before_its_time(
    log: PredictionLog, filled: list[Prediction]
) -> None:
    k0 = [row for row in filled if row.key == "k0"]
    wanted = {("k0", NOW), ("k0", k0[3].time + 1), ("k0", k0[3].time), ("k9", NOW)}
    assert log.latest_of_keys("churn", wanted) == {
        ("k0", NOW): k0[-1].id,
        ("k0", k0[3].time + 1): k0[3].id,
        ("k0", k0[3].time): k0[2].id,
    }


def test_counts_are_by_version(
    log: PredictionLog, tables: TableStore, filled: list[Prediction]
) -> None:
    know(tables, log, *filled[-3:])
    assert log.counts("churn") == Counts(predictions=60, outcomes=3, versions={1: 41, 2: 19})
    assert log.counts("churn", since=NOW - 1200) == Counts(
        predictions=2, outcomes=2, versions={2: 2}
    )


def test_old_files_are_not_opened(
    log: PredictionLog, tables: TableStore, filled: list[Prediction]
) -> None:
    """Broken bytes in every file but the newest do not matter to who asks for the newest."""
    newest = filled[-1]
    dataset = tables.dataset(PREDICTIONS)
    for fragment in dataset.get_fragments():
        times = fragment.to_table(columns=["time"])["time"]
        if max(times.to_pylist()).timestamp() < newest.time:
            path = tables._addresses.of(PREDICTIONS) + "/" + fragment.path  # type: ignore[attr-defined]
            with open(path, "r+b") as file:
                file.truncate(10)
    assert log.find(newest.id) == newest
    assert log.window("churn", since=NOW - 700)["id"].to_pylist() == [newest.id]
    busy = log.window("churn", rows=1, since=NOW - 10 * HOUR, until=NOW)
    assert busy["id"].to_pylist() == [newest.id]
    with pytest.raises(pa.ArrowException):
        log.window("churn")


def test_all_rows_of_a_request_are_found(
    tables: TableStore, log: PredictionLog, make: Make
) -> None:
    ours, theirs = new_id(NOW), "their-own-7"
    rows = [make(NOW, request=ours), make(NOW, request=ours), make(NOW - HOUR, request=theirs)]
    stale = new_id(NOW - 1e6)  # a client's own id may bear any time
    rows.append(make(NOW, request=stale))
    tables.write(PREDICTIONS, prediction_table(rows))
    assert {one.id for one in log.of_request(ours)} == {rows[0].id, rows[1].id}
    assert [one.id for one in log.of_request(theirs)] == [rows[2].id]
    assert [one.id for one in log.of_request(stale)] == [rows[3].id]
    assert log.of_request("nobody's") == []


def test_the_log_answers_sql(log: PredictionLog, filled: list[Prediction]) -> None:
    sql = "SELECT version, count(*) AS n FROM predictions WHERE endpoint = 'churn' GROUP BY 1 ORDER BY 1"
    assert log.query(sql).to_pylist() == [{"version": 1, "n": 41}, {"version": 2, "n": 19}]
    assert log.query("SELECT inputs->>'plan' AS p FROM predictions LIMIT 1")["p"][0].as_py() == (
        "basic"
    )
    assert log.query("SELECT id FROM predictions", most=7).num_rows == 7
    assert log.query("SELECT * FROM outcomes").num_rows == 0


@pytest.mark.parametrize(
    "sql",
    [
        "SELEC 1",
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY predictions TO '/tmp/stolen.csv'",
        "ATTACH '/tmp/x.db'",
        "SET lock_configuration = false",
        "",
    ],
)
def test_sql_reaches_nothing_but_the_log(log: PredictionLog, sql: str) -> None:
    with pytest.raises(UsageError):
        log.query(sql)


def test_sql_that_takes_too_long_is_broken_off(
    log: PredictionLog, filled: list[Prediction]
) -> None:
    endless = (
        "SELECT count(*) FROM range(100000000) a, range(1000000) b WHERE a.range % 7 = b.range"
    )
    with pytest.raises(UsageError, match="cannot be answered") as refusal:
        log.query(endless, seconds=0.2)
    assert "longer than 0.2 s" in refusal.value.why


def test_a_table_of_an_older_version_still_reads_and_grows(
    tables: TableStore, segments: Path, log: PredictionLog, make: Make
) -> None:
    old, new = make(NOW - 60), make(NOW, trace="4bf92f3577b34da6a3ce929d0e0e4736")
    tables.write(PREDICTIONS, prediction_table([old]).drop_columns(["trace"]))
    assert log.find(old.id) == old
    writer = SegmentWriter(segments, "worker-0")
    writer.append(encode_prediction(new))
    assert Collector(tables, segments).collect() == 1
    assert log.find(new.id) == new
    assert log.find(old.id) == old
