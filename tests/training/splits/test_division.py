import numpy as np
import pytest

from keepwell.core.errors import TrainingError
from keepwell.core.records import Task
from keepwell.training.splits import Plan, divide, usable_folds
from keepwell.training.targets import Target

LABELS = ("a", "b", "c")


def target(codes: list[int]) -> Target:
    return Target(
        name="y",
        task=Task.MULTICLASS,
        reason="",
        rows=np.arange(len(codes)),
        values=np.array(codes),
        classes=LABELS,
    )


def by_time(rows: int) -> Plan:
    return Plan(by="time", reason="by time", order=np.arange(rows, dtype=float))


def test_knows_only_classes_that_can_be_learnt() -> None:
    codes = [0, 1] * 8 + [2] * 4
    division = divide(target(codes), by_time(20), 0.2, 0)
    assert division.classes == ("a", "b")
    assert division.task is Task.BINARY
    assert division.values[division.test].tolist() == [-1] * 4
    assert [division.labels[row] for row in division.test] == ["c"] * 4


def test_takes_the_test_rows_it_is_given() -> None:
    division = divide(target([0, 1, 2] * 6), by_time(18), 0.2, 0, np.array([3, 1, 3]))
    assert division.test.tolist() == [1, 3]
    assert len(division.used) == 16
    assert division.reason == "the test rows were handed in"


@pytest.mark.parametrize("given", [[], list(range(18))])
def test_refuses_a_part_without_rows(given: list[int]) -> None:
    with pytest.raises(TrainingError, match="of 18 usable rows"):
        divide(target([0, 1, 2] * 6), by_time(18), 0.2, 0, np.array(given, dtype=np.int64))


def test_refuses_to_learn_from_one_class() -> None:
    with pytest.raises(TrainingError, match="every row to learn from has 'y' = 'a'"):
        divide(target([0] * 16 + [1] * 4), by_time(20), 0.2, 0)


def test_leaves_out_folds_that_have_one_class_to_learn_from() -> None:
    codes = [0] * 30 + [1, 0] * 15
    division = divide(target(codes), by_time(60), 0.2, 0)
    folds = usable_folds(by_time(60), division, 5, 0)
    assert 0 < len(folds) < 5
    assert all(len(set(division.values[division.used][train])) > 1 for train, _ in folds)


def test_shuffles_if_no_fold_in_time_could_learn() -> None:
    division = divide(target([0] * 54 + [1] * 6), by_time(60), 0.2, 0, np.arange(10))
    folds = usable_folds(by_time(60), division, 2, 0)
    assert len(folds) == 2
    assert all(len(set(division.values[division.used][train])) > 1 for train, _ in folds)


def test_measures_candidates_only_where_both_classes_occur() -> None:
    codes = [0, 1] * 20 + [0] * 10 + [0, 1] * 10 + [0] * 30
    division = divide(target(codes), by_time(100), 0.2, 0)
    folds = usable_folds(by_time(100), division, 5, 0)
    labels = division.values[division.used]
    assert 0 < len(folds) < 5
    assert all(len(set(labels[held])) == 2 for _, held in folds)
