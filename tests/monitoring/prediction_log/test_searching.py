"""Rows are found by what they hold, with how many there are."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.clock import ManualClock
from keepwell.core.errors import UsageError
from keepwell.core.identifiers import new_id
from keepwell.core.records import Prediction
from keepwell.infrastructure.tables import open_tables
from keepwell.monitoring.feedback import Feedback
from keepwell.monitoring.prediction_log import PredictionLog
from keepwell.monitoring.prediction_log.schema import PREDICTIONS, prediction_table
from keepwell.monitoring.prediction_log.searching import Wanted, search

NOW = 1_800_000_000.0


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> PredictionLog:
    tables = open_tables(str(tmp_path_factory.mktemp("searched") / "tables"))
    rows = [
        Prediction(
            id=new_id(NOW - at), time=NOW - at, endpoint="churn" if at < 90 else "other",
            model="churn", version=1 + at % 2, role="champion", request=f"r{at}", key=f"k{at}",
            inputs=json.dumps({"tenure": at, "plan": "O'Brien" if at % 3 else "basic", "a.b": "x"}),
            prediction='"no"' if at % 5 else '"yes"', latency_ms=float(at), caller="till",
        )
        for at in range(100)
    ]  # fmt: skip
    tables.write(PREDICTIONS, prediction_table(rows))
    clock = ManualClock(NOW)
    log = PredictionLog(tables, clock)
    told = [{"prediction_id": one.id, "outcome": "yes"} for one in rows[:10]]
    Feedback(tables, log, clock).record("churn", told)
    return log


@pytest.mark.parametrize(
    ("where", "total"),
    [
        ((), 90),
        (("plan=basic",), 30),
        (("plan=O'Brien",), 60),
        (("tenure>79",), 10),
        (("tenure >= 9", "tenure<12"), 3),
        (("latency_ms<=4",), 5),
        (("prediction=yes",), 18),
        (("prediction!=yes", "version=2"), 36),
        (("outcome=yes",), 10),
        (("outcome=yes", "prediction=yes"), 2),
        (("key=k7",), 1),
        (("a.b=x",), 90),
        (("nobody=1",), 0),
    ],
)
def test_terms_hold_together(searched: PredictionLog, where: tuple[str, ...], total: int) -> None:
    found = search(searched, Wanted(endpoint="churn", where=where, limit=5))
    assert found.total == total
    assert len(found.predictions) == min(total, 5)
    times = [one.time for one in found.predictions]
    assert times == sorted(times, reverse=True)


def test_text_and_time_narrow(searched: PredictionLog) -> None:
    assert search(searched, Wanted(endpoint="churn", text="o'brIEN")).total == 60
    assert search(searched, Wanted(endpoint="churn", text='"tenure": 7')).total == 11
    recent = Wanted(endpoint="churn", since=NOW - 9, until=NOW - 4)
    assert search(searched, recent).total == 5
    assert search(searched, Wanted(endpoint="churn", version=2)).total == 45


def test_what_is_no_condition_is_refused(searched: PredictionLog) -> None:
    with pytest.raises(UsageError, match="'plan' is no condition"):
        search(searched, Wanted(endpoint="churn", where=("plan",)))


@settings(max_examples=25, deadline=None)
@given(name=st.text(min_size=1, max_size=8), value=st.text(max_size=8), text=st.text(max_size=8))
def test_no_words_of_a_user_are_taken_for_sql(
    searched: PredictionLog, name: str, value: str, text: str
) -> None:
    wanted = Wanted(endpoint="churn", where=(f"{name}={value}",), text=text)
    try:
        found = search(searched, wanted)
    except UsageError as error:
        assert "no condition" in error.what  # noqa: PT017 (any text may be sent)
        return
    assert 0 <= found.total <= 90
