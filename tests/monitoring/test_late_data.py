"""What comes days late, in any order, or twice counts once, where it belongs."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.ports import TableStore
from keepwell.core.records import Prediction
from keepwell.monitoring.feedback import Feedback
from keepwell.monitoring.prediction_log import Collector, PredictionLog

NOW = 1_800_000_000.0
DAY = 86400.0

Make = Callable[..., Prediction]
Write = Callable[..., None]


@pytest.fixture
def feedback(
    tables: TableStore, log: PredictionLog, clock: ManualClock, collector: Collector
) -> Feedback:
    return Feedback(tables, log, clock, collect=collector.collect)


def known(log: PredictionLog, **window: Any) -> dict[str, str]:
    found = log.labelled("churn", **window)
    ids, outcomes = found["id"].to_pylist(), found["outcome"].to_pylist()
    assert len(set(ids)) == len(ids), "each row once"
    return dict(zip(ids, outcomes, strict=True))


@pytest.mark.parametrize("seed", [1, 2])
def test_outcomes_days_late_out_of_order_and_twice_count_once(
    feedback: Feedback,
    log: PredictionLog,
    clock: ManualClock,
    make: Make,
    write: Write,
    seed: int,
) -> None:
    chance = random.Random(seed)
    made = [make(NOW - 5 * DAY + hour * 3600.0) for hour in range(48)]
    late = chance.sample(made, len(made))
    write(*late[:30])  # a worker that was cut off hands its own over later
    posted = [{"prediction_id": one.id, "outcome": "Yes"} for one in made[:40]]
    posted += chance.sample(posted, 15)
    chance.shuffle(posted)
    first = feedback.record("churn", posted[:20])
    clock.advance(3 * DAY)
    write(*late[30:])
    then = feedback.record("churn", [*posted, *posted])
    assert first.accepted + then.accepted == 40
    assert known(log) == {one.id: '"Yes"' for one in made[:40]}
    counts = log.counts("churn")
    assert (counts.predictions, counts.outcomes) == (48, 40)
    half = NOW - 4 * DAY
    assert log.counts("churn", since=half).outcomes == 16, "by when it was asked, not when it came"
    assert set(known(log, since=half)) == {one.id for one in made[24:40]}


def test_rows_of_a_clock_that_was_set_back_are_in_one_window_once(
    feedback: Feedback, log: PredictionLog, clock: ManualClock, make: Make, write: Write
) -> None:
    ahead = [make(NOW + 7200.0 + second) for second in range(10)]
    write(*ahead)
    feedback.record("churn", [{"prediction_id": one.id, "outcome": "Yes"} for one in ahead])
    clock.set(NOW)  # it was two hours ahead
    right = [make(NOW + second) for second in range(10)]
    write(*right)
    clock.advance(60.0)
    told = [{"prediction_id": one.id, "outcome": "No"} for one in right]
    assert feedback.record("churn", told).accepted == 10
    now = clock.now()
    seen = log.window("churn", since=now - 3600.0, until=now)
    assert sorted(seen["id"].to_pylist()) == sorted(one.id for one in right)
    clock.advance(7200.0)
    now = clock.now()
    seen = log.window("churn", since=now - 3 * 3600.0, until=now)
    assert sorted(seen["id"].to_pylist()) == sorted(one.id for one in (*ahead, *right))
    assert log.counts("churn").outcomes == 20
    answered = known(log)
    assert len(answered) == 20
