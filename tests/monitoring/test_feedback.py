import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.errors import InvalidRequestError
from keepwell.core.identifiers import new_id
from keepwell.core.ports import TableStore
from keepwell.core.records import Prediction
from keepwell.monitoring.feedback import Feedback, FeedbackCounts
from keepwell.monitoring.prediction_log import Collector, PredictionLog

NOW = 1_800_000_000.0

Make = Callable[..., Prediction]
Write = Callable[..., None]


@pytest.fixture
def feedback(
    tables: TableStore, log: PredictionLog, clock: ManualClock, collector: Collector
) -> Feedback:
    """Join outcomes to what workers wrote."""
    return Feedback(tables, log, clock, collect=collector.collect)


def by_id(one: Prediction, outcome: Any = "Yes") -> dict[str, Any]:
    return {"prediction_id": one.id, "outcome": outcome}


def test_each_outcome_is_accepted_unknown_or_duplicate(
    feedback: Feedback, log: PredictionLog, make: Make, write: Write
) -> None:
    first, second = make(), make()
    write(first, second)
    posted = [
        by_id(first),
        by_id(first, "No"),
        {"prediction_id": new_id(NOW), "outcome": "Yes"},
        {"prediction_id": "not an id", "outcome": "Yes"},
    ]
    assert feedback.record("churn", posted) == FeedbackCounts(accepted=1, unknown=2, duplicate=1)
    assert feedback.record("churn", [by_id(first), by_id(second)]) == FeedbackCounts(
        accepted=1, duplicate=1
    )
    assert log.outcomes([first.id])[first.id].outcome == '"Yes"'


def test_nothing_posted_is_nothing_done(feedback: Feedback, tables: TableStore) -> None:
    assert feedback.record("churn", []) == FeedbackCounts()
    assert tables.version("outcomes") is None


def test_another_endpoints_prediction_is_unknown(
    feedback: Feedback, make: Make, write: Write
) -> None:
    one = make(endpoint="iris")
    write(one)
    assert feedback.record("churn", [by_id(one)]) == FeedbackCounts(unknown=1)


def test_a_key_means_its_latest_prediction_before(
    feedback: Feedback, log: PredictionLog, make: Make, write: Write
) -> None:
    old, new = make(NOW - 1000, key="7590-VHVEG"), make(NOW - 10, key="7590-VHVEG")
    write(old, new)
    now = {"key": "7590-VHVEG", "outcome": "No"}
    then = {"key": "7590-VHVEG", "outcome": "Yes", "time": NOW - 500}
    before = {"key": "7590-VHVEG", "outcome": "Yes", "time": "2020-01-01T00:00:00Z"}
    assert feedback.record("churn", [now, then, before]) == FeedbackCounts(accepted=2, unknown=1)
    outcomes = log.outcomes([old.id, new.id])
    assert (outcomes[old.id].outcome, outcomes[new.id].outcome) == ('"Yes"', '"No"')


def test_a_number_as_key_is_its_text(feedback: Feedback, make: Make, write: Write) -> None:
    write(make(NOW - 10, key="42"))
    assert feedback.record("churn", [{"key": 42, "outcome": 1}]).accepted == 1


def test_months_later_is_not_too_late(
    feedback: Feedback, clock: ManualClock, make: Make, write: Write
) -> None:
    one, other = make(), make(key="k")
    write(one, other)
    clock.advance(200 * 86400)
    posted = [by_id(one), {"key": "k", "outcome": "No"}]
    assert feedback.record("churn", posted).accepted == 2


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ({"outcome": "Yes"}, "either 'prediction_id' or 'key'"),
        ({"prediction_id": "a", "key": "b", "outcome": 1}, "either 'prediction_id' or 'key'"),
        ({"prediction_id": "a"}, "its 'outcome' is None"),
        ({"prediction_id": "a", "outcome": [1]}, r"its 'outcome' is \[1\]"),
        ({"prediction_id": "a", "outcome": float("nan")}, "its 'outcome' is nan"),
        ({"prediction_id": 7, "outcome": 1}, "its 'prediction_id' is 7"),
        ({"prediction_id": "a", "outcom": 1}, "did you mean 'outcome'"),
        ({"key": "a", "outcome": 1, "time": "soon"}, "its 'time' is 'soon'"),
        ("Yes", "it is 'Yes'"),
    ],
)
def test_a_wrong_form_is_refused_whole(
    feedback: Feedback,
    tables: TableStore,
    make: Make,
    write: Write,
    item: Mapping[str, Any],
    says: str,
) -> None:
    one = make()
    write(one)
    with pytest.raises(InvalidRequestError, match=says) as caught:
        feedback.record("churn", [by_id(one), item])
    assert caught.value.details == {"index": 1}
    assert tables.version("outcomes") is None


def test_posts_at_the_same_time_are_all_kept_once(
    feedback: Feedback, log: PredictionLog, make: Make, write: Write
) -> None:
    sent = [make() for _ in range(40)]
    write(*sent)
    counts: list[FeedbackCounts] = []

    def post(one: Prediction) -> None:
        counts.append(feedback.record("churn", [by_id(one)]))

    threads = [threading.Thread(target=post, args=(one,)) for one in (*sent, *sent)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(count.accepted for count in counts) == 40
    assert sum(count.duplicate for count in counts) == 40
    assert log.labelled("churn").num_rows == 40


def test_a_store_that_refuses_is_heard_by_everyone(
    feedback: Feedback, tables: TableStore, make: Make, write: Write, tmp_path: Path
) -> None:
    one = make()
    write(one)
    (tmp_path / "tables").mkdir(exist_ok=True)
    (tmp_path / "tables" / "outcomes").write_text("a file where a table should be")
    with pytest.raises(Exception, match="outcomes"):
        feedback.record("churn", [by_id(one)])
    (tmp_path / "tables" / "outcomes").unlink()
    assert feedback.record("churn", [by_id(one)]).accepted == 1


POSTER = """
import sys
from pathlib import Path
from keepwell.core.clock import SystemClock
from keepwell.infrastructure.tables import open_tables
from keepwell.monitoring.feedback import Feedback
from keepwell.monitoring.prediction_log import PredictionLog
tables = open_tables(sys.argv[1])
feedback = Feedback(tables, PredictionLog(tables), SystemClock())
for line in sys.stdin:
    counts = feedback.record("churn", [{"prediction_id": line.strip(), "outcome": 1}])
    print(line.strip(), counts.accepted, flush=True)
"""


def test_what_was_acknowledged_survives_a_kill(
    log: PredictionLog, collector: Collector, make: Make, write: Write, tmp_path: Path
) -> None:
    sent = [make() for _ in range(200)]
    write(*sent)
    collector.collect()
    command = [sys.executable, "-c", POSTER, str(tmp_path / "tables")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write("".join(one.id + "\n" for one in sent))
        child.stdin.flush()
        first = child.stdout.readline()
        time.sleep(0.5)
        os.kill(child.pid, signal.SIGKILL)
        lines = [first, *child.stdout]
    acknowledged = [line.split()[0] for line in lines if line.endswith(" 1\n")]
    known = log.outcomes([one.id for one in sent])
    assert acknowledged
    assert set(acknowledged) <= set(known)
    assert len(known) - len(acknowledged) <= 1
