"""The past log holds what was known at a time, and nothing else."""

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepwell.core.clock import ManualClock
from keepwell.core.errors import UsageError
from keepwell.core.identifiers import new_id
from keepwell.core.records import Outcome, Prediction
from keepwell.infrastructure.tables import open_tables
from keepwell.monitoring.prediction_log import PredictionLog
from keepwell.monitoring.prediction_log.schema import (
    OUTCOMES,
    PREDICTIONS,
    outcome_table,
    prediction_table,
)
from keepwell.operations.simulation import rows as module
from keepwell.operations.simulation.rows import PastLog, read_rows
from keepwell.operations.simulation.stores import PastTables

START = 1_800_000_000.0


def asked(time: float, version: int = 1, caller: str = "ana") -> Prediction:
    return Prediction(
        id=new_id(time),
        time=time,
        endpoint="shop",
        model="shop",
        version=version,
        role="champion",
        request=new_id(time),
        key="",
        inputs="{}",
        prediction='"no"',
        caller=caller,
    )


def tables_of(rows: list[tuple[float, float | None]]) -> tuple[pa.Table, pa.Table]:
    """Return predictions and outcomes, of pairs of when one was asked and how late its outcome came."""
    made = [asked(START + at) for at, _ in rows]
    known = [
        (one, Outcome(prediction_id=one.id, endpoint="shop", outcome='"yes"', time=one.time + late))
        for one, (_, late) in zip(made, rows, strict=True)
        if late is not None
    ]
    return (
        prediction_table(made),
        outcome_table(
            [outcome for _, outcome in known], prediction_table([one for one, _ in known])
        ),
    )


ROWS = st.lists(
    st.tuples(st.integers(0, 100).map(float), st.none() | st.integers(0, 100).map(float)),
    min_size=1,
    max_size=20,
)


@given(ROWS, st.lists(st.integers(0, 220).map(float), min_size=1, max_size=5).map(sorted))
def test_it_holds_all_that_was_known_by_then_and_nothing_that_came_later(
    rows: list[tuple[float, float | None]], moments: list[float]
) -> None:
    past = PastLog(*tables_of(rows))
    log = PredictionLog(PastTables(NOTHING, NOTHING, past), ManualClock(START))
    for moment in moments:
        past.advance(START + moment)
        predictions = log.window("shop")["time"].to_pylist()
        assert sorted(predictions) == sorted(START + at for at, _ in rows if at <= moment)
        labelled = log.labelled("shop")
        come = sorted(at + late for at, late in rows if late is not None and at + late <= moment)
        assert sorted(one - START for one in labelled["outcome_time"].to_pylist()) == come
        assert log.counts("shop").outcomes == len(come)


class _Nothing:
    """A store that must not be asked."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked of a store that has no part in this")


NOTHING: Any = _Nothing()


def test_rows_that_another_version_answered_take_their_outcomes_along() -> None:
    past = PastLog(*tables_of([(0.0, 5.0), (1.0, 5.0), (2.0, 5.0)]))
    log = PredictionLog(PastTables(NOTHING, NOTHING, past), ManualClock(START))

    def answering(rows: pa.Table) -> pa.Table:
        rows = rows.set_column(4, "version", pa.array([7] * rows.num_rows, pa.int64()))
        return rows.slice(1) if rows.num_rows > 1 else rows  # it could not answer the first one

    past.advance(START + 10, answering)
    assert log.labelled("shop", version=7).num_rows == 2
    assert log.labelled("shop").num_rows == 2, (
        "the outcome of a row that was never answered is none"
    )
    assert log.counts("shop").versions == {7: 2}


def test_what_was_answered_before_a_policy_took_over_stays_as_it_was() -> None:
    past = PastLog(*tables_of([(0.0, 5.0), (2.0, 5.0)]))
    log = PredictionLog(PastTables(NOTHING, NOTHING, past), ManualClock(START))
    past.advance(START + 1, lambda rows: rows)
    past.advance(START + 9, lambda rows: rows.set_column(4, "version", pa.array([7], pa.int64())))
    assert log.labelled("shop", version=1).num_rows == log.labelled("shop", version=7).num_rows == 1


def test_a_log_that_is_too_long_is_refused_with_what_to_do(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_tables(str(tmp_path))
    made = [asked(START + at) for at in range(5)]
    store.write(PREDICTIONS, prediction_table([*made, asked(START, caller="probe")]))
    truth = Outcome(
        prediction_id=made[4].id, endpoint="shop", outcome=json.dumps("no"), time=START + 99
    )
    store.write(OUTCOMES, outcome_table([truth], prediction_table(made[4:])))
    log = PredictionLog(store, ManualClock(START))
    predictions, outcomes = read_rows(log, "shop", since=START + 1, until=START + 3)
    assert (predictions.num_rows, outcomes.num_rows) == (3, 0)
    assert read_rows(log, "shop")[0].num_rows == 5, "what Keepwell asks itself is no traffic"
    monkeypatch.setattr(module, "MOST_ROWS", 4)
    with pytest.raises(UsageError, match="--from DATE"):
        read_rows(log, "shop")
