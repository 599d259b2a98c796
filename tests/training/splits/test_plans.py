from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.errors import TrainingError
from keepwell.training.splits.plans import By, Plan, folds
from keepwell.training.splits.plans import test_rows as set_aside


def plan(by: By, rows: int, seed: int) -> Plan:
    random = np.random.default_rng(seed)
    orders: dict[str, Any] = {
        "random": None,
        "time": random.normal(size=rows),
        "group": random.integers(0, max(4, rows // 3), rows),
        "stratified": np.arange(rows) % 3,
    }
    return Plan(by=by, reason="", order=orders[by])


ANY = st.sampled_from(["random", "time", "group", "stratified"])


@settings(max_examples=80, deadline=None)
@given(by=ANY, rows=st.integers(30, 200), seed=st.integers(0, 99))
def test_divides_the_rows_without_sharing_one(by: By, rows: int, seed: int) -> None:
    made = plan(by, rows, seed)
    test = set_aside(made, rows, 0.2, seed)
    assert 0 < len(test) < rows / 2
    assert test.tolist() == sorted(set(test.tolist()))
    used = np.setdiff1d(np.arange(rows), test)
    for train, held in folds(made, used, 5, seed):
        assert len(train) > 0
        assert len(held) > 0
        assert not set(train.tolist()) & set(held.tolist())
        assert max(train.max(), held.max()) < len(used)


@settings(max_examples=30, deadline=None)
@given(by=ANY, seed=st.integers(0, 99))
def test_divides_the_same_way_for_the_same_seed(by: By, seed: int) -> None:
    made = plan(by, 90, seed)
    assert (set_aside(made, 90, 0.2, seed) == set_aside(made, 90, 0.2, seed)).all()
    for one, other in zip(
        folds(made, np.arange(90), 4, seed), folds(made, np.arange(90), 4, seed), strict=True
    ):
        assert (one[0] == other[0]).all()
        assert (one[1] == other[1]).all()


def test_tests_on_the_latest_rows() -> None:
    made = Plan(by="time", reason="", order=np.array([5.0, 1, 4, 2, 3, 0, 9, 7, 8, 6]))
    assert set_aside(made, 10, 0.2, 0).tolist() == [6, 8]


def test_keeps_rows_of_one_moment_together() -> None:
    made = Plan(by="time", reason="", order=np.array([1.0, 2, 2, 3, 3, 3, 3, 3, 3, 3]))
    assert set_aside(made, 10, 0.2, 0).tolist() == [3, 4, 5, 6, 7, 8, 9]


def test_takes_rows_without_a_time_for_old() -> None:
    made = Plan(by="time", reason="", order=np.array([np.nan, 1, 2, 3, 4, np.nan]))
    assert set_aside(made, 6, 0.2, 0).tolist() == [4]


def test_validates_later_rows_than_it_trains_on_and_the_latest_first() -> None:
    times = np.random.default_rng(0).permutation(100).astype(float)
    made = folds(Plan(by="time", reason="", order=times), np.arange(100), 5, 0)
    for train, held in made:
        assert times[train].max() < times[held].min()
    starts = [times[held].min() for _, held in made]
    assert starts == sorted(starts, reverse=True)


def test_keeps_a_group_on_one_side() -> None:
    groups = np.repeat(np.arange(30), 4)
    made = Plan(by="group", reason="", order=groups)
    test = set_aside(made, 120, 0.2, 0)
    assert not set(groups[test]) & set(np.delete(groups, test))
    for train, held in folds(made, np.arange(120), 5, 0):
        assert not set(groups[train]) & set(groups[held])


def test_gives_every_class_its_share() -> None:
    codes = np.array([0] * 80 + [1] * 18 + [2] * 2)
    made = Plan(by="stratified", reason="", order=codes)
    test = set_aside(made, 100, 0.2, 0)
    assert np.bincount(codes[test]).tolist() == [16, 4, 1]
    used = np.setdiff1d(np.arange(100), test)
    shares = [np.bincount(codes[used][held], minlength=3)[0] for _, held in folds(made, used, 4, 0)]
    assert max(shares) - min(shares) <= 1


def test_refuses_a_part_without_rows() -> None:
    with pytest.raises(TrainingError, match="one part would be empty"):
        set_aside(Plan(by="time", reason="one moment", order=np.zeros(20)), 20, 0.2, 0)
