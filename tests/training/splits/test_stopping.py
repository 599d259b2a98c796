import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepwell.training.splits.plans import By, Plan
from keepwell.training.splits.stopping import FEWEST, set_apart, stopping_lots


def plan(by: By, order: "np.typing.NDArray[np.float64] | None" = None) -> Plan:
    return Plan(by=by, reason="", order=order)


@given(rows=st.integers(FEWEST, 400), number=st.integers(0, 9), seed=st.integers(0, 50))
def test_sets_a_small_part_of_the_rows_apart(rows: int, number: int, seed: int) -> None:
    parts = set_apart(stopping_lots(plan("random"), np.arange(rows), seed), number)
    assert parts is not None
    learnt, stopping = parts
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(rows))
    assert 0.1 * rows < len(stopping) < 0.3 * rows
    assert len(learnt) > len(stopping)


def test_stops_by_other_rows_in_every_fold() -> None:
    lots = stopping_lots(plan("random"), np.arange(500), 0)
    one, other = set_apart(lots, 0), set_apart(lots, 1)
    assert one is not None
    assert other is not None
    assert len(np.intersect1d(one[1], other[1])) < 40


def test_stops_by_the_latest_rows_in_time() -> None:
    times = np.random.default_rng(0).permutation(200).astype(float)
    for number in range(3):
        parts = set_apart(stopping_lots(plan("time", times), np.arange(200), 0), number)
        assert parts is not None
        assert times[parts[1]].min() > times[parts[0]].max()


@pytest.mark.parametrize("number", [0, 3])
def test_never_parts_a_group(number: int) -> None:
    groups = np.repeat(np.arange(25.0), 8)
    parts = set_apart(stopping_lots(plan("group", groups), np.arange(200), 0), number)
    assert parts is not None
    assert not np.intersect1d(groups[parts[0]], groups[parts[1]]).size


def test_sets_nothing_apart_of_very_few_rows() -> None:
    assert set_apart(stopping_lots(plan("random"), np.arange(FEWEST - 1), 0), 0) is None
