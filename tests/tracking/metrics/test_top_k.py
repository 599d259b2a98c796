"""Lists are measured as the textbooks and scikit-learn do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.records import Task
from keepwell.tracking.metrics import intervals
from keepwell.tracking.metrics.measures import Scores
from keepwell.tracking.metrics.top_k import TopK, Wanted


@settings(max_examples=50)
@given(seed=st.integers(0, 10_000), items=st.integers(3, 15), users=st.integers(1, 6))
def test_ndcg_equals_scikit_learns(seed: int, items: int, users: int) -> None:
    theirs = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(seed)
    relevant = random.random((users, items)) < 0.3
    relevant[:, 0] = True
    scores = random.permuted(np.tile(np.arange(items, dtype=float), (users, 1)), axis=1)
    wanted = Wanted(items=[set(np.flatnonzero(row).tolist()) for row in relevant], catalogue=items)
    lists = [np.argsort(-row).tolist() for row in scores]
    measured = TopK(wanted, lists).measure(np.arange(users))
    for k in (5, 10):
        expected = theirs.ndcg_score(relevant.astype(float), scores, k=k)
        assert measured[f"ndcg_at_{k}"] == pytest.approx(expected, abs=1e-9)


def test_counts_places_by_hand() -> None:
    wanted = Wanted(items=[{"a"}, {"b", "c"}, {"z"}], catalogue=8)
    lists: list[list[object]] = [["x", "a"], [{"item": "b"}, {"item": "y"}], []]
    measured = TopK(wanted, lists).measure(np.arange(3))
    assert measured["mrr_at_5"] == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert measured["recall_at_5"] == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert measured["coverage_at_10"] == 4 / 8


def test_a_metric_has_an_interval_over_users() -> None:
    wanted = Wanted(items=[{at % 2} for at in range(40)], catalogue=3)
    found = intervals(Task.RANKING, (), wanted, Scores(predictions=[[0, 1]] * 40))["mrr_at_5"]
    assert found.value == 0.75
    assert found.low is not None
    assert found.low < 0.75
