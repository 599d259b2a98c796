"""Detectors equal the originals they are made after; scores keep their order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.features.oddity import ellipse, forest, neighbours
from keepwell.features.oddity.detectors import DETECTORS, levels_of, oddness

RANDOM = np.random.default_rng(0)
KNOWN, ASKED = RANDOM.normal(size=(400, 4)), RANDOM.normal(size=(200, 4)) * 2


def test_the_forest_is_scikit_learns() -> None:
    from sklearn.ensemble import IsolationForest

    theirs = -IsolationForest(random_state=0).fit(KNOWN).score_samples(ASKED)
    assert forest.scores(forest.fit(KNOWN, 0), ASKED) == pytest.approx(theirs, abs=1e-12)


def test_neighbours_are_scikit_learns() -> None:
    from sklearn.neighbors import LocalOutlierFactor

    theirs = -LocalOutlierFactor(novelty=True).fit(KNOWN).score_samples(ASKED)
    assert neighbours.scores(neighbours.fit(KNOWN, 0), ASKED) == pytest.approx(theirs, abs=1e-9)


def test_the_ellipse_follows_what_columns_have_in_common() -> None:
    line = RANDOM.normal(size=300)
    values = np.column_stack([line, line + RANDOM.normal(size=300) * 0.05])
    along, across = ellipse.scores(ellipse.fit(values, 0), np.array([[2.0, 2.0], [1.0, -1.0]]))
    assert across > 10 * along


@pytest.mark.parametrize("name", DETECTORS)
def test_what_is_far_out_is_odder_than_the_middle(name: str) -> None:
    fit, score = DETECTORS[name]
    arrays = fit(KNOWN, 0)
    middle, out = score(arrays, np.array([np.zeros(4), np.full(4, 9.0)]))
    assert out > middle
    one_by_one = [score(arrays, row[None, :])[0] for row in ASKED[:20]]
    assert score(arrays, ASKED[:20]) == pytest.approx(one_by_one, abs=1e-12)


@settings(max_examples=40)
@given(
    scores=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30),
    share=st.floats(0.01, 0.5),
)
def test_oddness_keeps_the_order_and_flags_the_share(scores: list[float], share: float) -> None:
    values = np.sort(np.array(scores))
    odd = oddness(values, levels_of(values), share)
    assert ((odd >= 0) & (odd <= 1)).all()
    assert (np.diff(odd) >= 0).all()
    assert (odd[values < np.quantile(values, 1 - share) - 1e-3 * (np.ptp(values) + 1)] <= 0.5).all()
