"""Clusterings are measured as scikit-learn measures them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.records import Task
from keepwell.tracking.metrics import intervals
from keepwell.tracking.metrics.clustering import (
    Points,
    adjusted_mutual_info,
    adjusted_rand,
    distances,
    silhouettes,
    spreads,
)
from keepwell.tracking.metrics.measures import Scores

theirs = pytest.importorskip("sklearn.metrics")
groups = st.lists(st.integers(0, 4), min_size=2, max_size=40)


@settings(max_examples=60)
@given(data=st.data(), first=groups)
def test_agreement_equals_scikit_learns(data: st.DataObject, first: list[int]) -> None:
    second = data.draw(st.lists(st.integers(0, 3), min_size=len(first), max_size=len(first)))
    one, other = np.array(first), np.array(second)
    assert adjusted_rand(one, other) == pytest.approx(
        theirs.adjusted_rand_score(one, other), abs=1e-9
    )
    assert adjusted_mutual_info(one, other) == pytest.approx(
        theirs.adjusted_mutual_info_score(one, other), abs=1e-9
    )


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), rows=st.integers(8, 60), clusters=st.integers(2, 5))
def test_shape_equals_scikit_learns(seed: int, rows: int, clusters: int) -> None:
    random = np.random.default_rng(seed)
    points = random.normal(size=(rows, 3))
    codes = np.concatenate([np.arange(clusters), random.integers(0, clusters, rows - clusters)])
    found = silhouettes(distances(points), codes)
    assert found is not None
    assert found == pytest.approx(theirs.silhouette_samples(points, codes), abs=1e-6)
    measured = spreads(points, codes)
    assert measured["davies_bouldin"] == pytest.approx(
        theirs.davies_bouldin_score(points, codes), rel=1e-6
    )
    assert measured["calinski_harabasz"] == pytest.approx(
        theirs.calinski_harabasz_score(points, codes), rel=1e-9
    )


def test_one_cluster_has_no_shape() -> None:
    points = np.arange(8.0).reshape(4, 2)
    assert silhouettes(distances(points), np.zeros(4, dtype=np.int64)) is None
    assert spreads(points, np.zeros(4, dtype=np.int64)) == {}


def test_labels_are_used_where_they_are_known_and_no_further() -> None:
    points = Points(values=np.array([[0.0], [0.1], [5.0], [5.1]]), labels=["a", "a", None, "b"])
    measured = intervals(Task.CLUSTERING, (1, 2), points, Scores(predictions=[1, 1, 2, 2]))
    assert measured["adjusted_rand"].value == 1.0
    assert measured["silhouette"].value > 0.9
