from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from training_worlds import world_of

from keepwell.core.errors import TrainingError
from keepwell.core.records import ColumnType, Task
from keepwell.core.spec import DataSpec, SplitSpec
from keepwell.training.splits.planning import plan_split
from keepwell.training.splits.plans import Plan

ROWS = 60
AUTO = SplitSpec()
CODES = np.arange(ROWS) % 2
DAYS = pa.array(np.arange(ROWS) * 86_400, pa.timestamp("s"))


def planned(
    extra: dict[str, Any],
    *,
    split: SplitSpec = AUTO,
    task: Task = Task.BINARY,
    **data: Any,
) -> Plan:
    table, columns = world_of({"x": np.arange(ROWS, dtype=float), **extra})
    actual = CODES if task is Task.BINARY else np.arange(ROWS, dtype=float)
    return plan_split(table, columns, DataSpec(source="", **data), split, task, actual)


def test_divides_classes_in_their_shares() -> None:
    assert planned({}).by == "stratified"


def test_draws_numbers_at_random() -> None:
    assert planned({}, task=Task.REGRESSION).by == "random"


def test_follows_time_where_the_project_names_it() -> None:
    plan = planned({"when": DAYS.take(pa.array(np.arange(ROWS)[::-1]))}, time="when")
    assert plan.by == "time"
    assert "because `time:` is set" in plan.reason


def test_follows_time_where_the_rows_do() -> None:
    plan = planned({"when": DAYS})
    assert plan.by == "time"
    assert plan.reason == (
        "the latest rows by 'when' are the test, because the rows are in the order of that column"
    )


@pytest.mark.parametrize(
    "extra",
    [
        {"when": DAYS.take(pa.array(np.random.default_rng(0).permutation(ROWS)))},
        {"when": DAYS, "also": DAYS},
        {"when": pa.array([None, *range(ROWS - 1)], pa.timestamp("s"))},
        {"when": pa.array([7] * ROWS, pa.timestamp("s"))},
    ],
    ids=["shuffled", "two dates", "with a gap", "one moment"],
)
def test_does_not_take_any_date_for_the_time(extra: dict[str, Any]) -> None:
    assert planned(extra).by == "stratified"


def test_keeps_the_rows_of_a_repeated_key_together() -> None:
    plan = planned({"user": [f"u{n // 3}" for n in range(ROWS)]}, key="user")
    assert plan.by == "group"
    assert "'user' repeats (20 values in 60 rows)" in plan.reason


def test_needs_no_groups_for_a_key_that_names_each_row() -> None:
    assert planned({"user": [f"u{n}" for n in range(ROWS)]}, key="user").by == "stratified"


def test_does_as_told() -> None:
    assert planned({"when": DAYS}, split=SplitSpec(by="random")).by == "random"
    by_time = planned({}, split=SplitSpec(by="time", column="x"))
    assert by_time.reason == "`by: time` is set under `train: split:`, with 'x'"
    assert planned({}, split=SplitSpec(by="group", column="x")).by == "group"


@pytest.mark.parametrize(
    ("split", "words"),
    [
        (SplitSpec(by="time"), "a split by time needs a column"),
        (SplitSpec(by="time", column="y"), "there is no such column"),
        (SplitSpec(by="time", column="word"), "cannot be put in order by 'word'"),
    ],
)
def test_refuses_a_split_that_cannot_be(split: SplitSpec, words: str) -> None:
    with pytest.raises(TrainingError, match=words):
        planned({"word": ["a"] * ROWS}, split=split)


def test_refuses_to_divide_numbers_by_class() -> None:
    with pytest.raises(TrainingError, match="needs classes"):
        planned({}, split=SplitSpec(by="stratified"), task=Task.REGRESSION)


def test_reads_a_kept_identifier_as_groups() -> None:
    table, columns = world_of(
        {"user": [f"u{n // 2}" for n in range(ROWS)]}, user=ColumnType.IDENTIFIER
    )
    data = DataSpec(source="", key="user")
    assert plan_split(table, columns, data, SplitSpec(), Task.BINARY, CODES).by == "group"
