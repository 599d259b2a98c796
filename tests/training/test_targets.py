from typing import Any

import pyarrow as pa
import pytest
from training_worlds import world_of

from keepwell.core.errors import TrainingError
from keepwell.core.records import ColumnType, Task
from keepwell.training.targets import Target, read_target


def read(values: Any, kind: ColumnType | None = None, task: Task | None = None) -> Target:
    table, columns = world_of({"y": values}, **({} if kind is None else {"y": kind}))
    return read_target(table, columns, "y", task)


@pytest.mark.parametrize(
    ("values", "task", "classes", "reason"),
    [
        (["no", "yes"] * 9, Task.BINARY, ("no", "yes"), "holds two values, no, yes"),
        ([0, 1] * 9, Task.BINARY, (0, 1), "holds two values"),
        ([1.0, 0.0] * 9, Task.BINARY, (0, 1), "holds two values"),
        ([True, False] * 9, Task.BINARY, (False, True), "holds two values"),
        (["a", "b", "c"] * 9, Task.MULTICLASS, ("a", "b", "c"), "holds 3 labels, a, b, c"),
        ([1, 2, 3, 4] * 9, Task.MULTICLASS, (1, 2, 3, 4), "as codes of classes do"),
        ([3, 4, 5, 6, 7, 8, 9] * 9, Task.REGRESSION, (), "a scale, whose order a number keeps"),
        ([0.5, 2.25, 7.0] * 9, Task.REGRESSION, (), "holds 3 different numbers"),
        ([0, 1, 2, 3] * 20 + list(range(4, 40, 2)), Task.COUNTS, (), "as counts of events are"),
        (list(range(0, 900, 9)), Task.REGRESSION, (), "holds 100 different numbers"),
    ],
)
def test_infers_the_task_and_says_why(
    values: Any, task: Task, classes: tuple[Any, ...], reason: str
) -> None:
    target = read(values)
    assert target.task is task
    assert target.classes == classes
    assert reason in target.reason


def test_does_as_told() -> None:
    target = read([3, 4, 5] * 9, task=Task.MULTICLASS)
    assert target.classes == (3, 4, 5)
    assert target.values[:3].tolist() == [0, 1, 2]
    assert target.reason == "`task: multiclass` is set under `train:`"


def test_leaves_out_rows_without_an_outcome_and_says_so() -> None:
    target = read(["no", None, "yes", ""] * 6)
    assert target.rows.tolist() == list(range(0, 24, 2))
    assert "12 of 24 rows have no value of 'y'" in target.findings[0].message


def test_counts_an_infinite_number_as_no_outcome() -> None:
    target = read([1.5, float("inf"), 2.5, float("nan")] * 6)
    assert len(target.rows) == 12


def test_leaves_out_a_class_of_one_row_and_says_so() -> None:
    target = read(["a"] * 9 + ["b"] * 9 + ["c"])
    assert target.classes == ("a", "b")
    assert target.task is Task.BINARY
    assert "'c' of 'y' occur in one row each: left out" in target.findings[0].message


def test_names_a_column_that_was_perhaps_meant() -> None:
    table, columns = world_of({"Churn": ["a", "b"] * 9})
    with pytest.raises(TrainingError, match="did you mean 'Churn'"):
        read_target(table, columns, "churned")


@pytest.mark.parametrize(
    ("values", "kind", "task", "words"),
    [
        (["no"] * 20, None, None, "is 'no' in all of the 20 rows"),
        ([4.5] * 20, None, Task.REGRESSION, "is 4.5 in all of the 20 rows"),
        ([f"name {n}" for n in range(60)], None, None, "60 different texts in 60 rows"),
        ([f"prose {n}" for n in range(60)], ColumnType.TEXT, None, "60 different texts"),
        (list(range(100, 160)), ColumnType.IDENTIFIER, None, "only counts the rows"),
        (pa.nulls(20, pa.string()), None, None, "missing in every one of the 20 rows"),
        (["a", "b", "a"], None, None, "3 rows with a value of 'y' are too few"),
        (["a"] * 10 + ["b"], None, None, "has 1 classes of two rows or more"),
        (["a", "b", "c"] * 6, None, Task.BINARY, "which is not a pair"),
        (["a", "b"] * 9, None, Task.REGRESSION, "holds text"),
        ([str(n // 2) for n in range(1200)], None, Task.MULTICLASS, "600 classes"),
    ],
)
def test_says_what_is_wrong_with_a_target(
    values: Any, kind: ColumnType | None, task: Task | None, words: str
) -> None:
    with pytest.raises(TrainingError, match=words) as caught:
        read(values, kind, task)
    assert caught.value.why
    assert caught.value.now


def test_refuses_points_in_time() -> None:
    with pytest.raises(TrainingError, match="holds points in time"):
        read(pa.array(range(20), pa.timestamp("s")))
