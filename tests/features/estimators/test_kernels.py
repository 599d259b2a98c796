"""Kernel ridge knows what it says of a row without that row."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.features.estimators.kernels import (
    _STRENGTHS,
    KernelClassifier,
    KernelRegressor,
    _ridges,
)


def rings(rows: int, seed: int = 0) -> tuple[Any, Any]:
    """Three rings, which no line divides."""
    random = np.random.default_rng(seed)
    codes = np.arange(rows) % 3
    angle, radius = random.uniform(0, 2 * np.pi, rows), codes + random.normal(0, 0.25, rows)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), codes


def loss(said: Any, actual: Any) -> float:
    return float(-np.log(said[np.arange(len(actual)), actual]).mean())


@given(seed=st.integers(0, 99), landmarks=st.sampled_from([6, 15]), weighed=st.booleans())
@settings(max_examples=12, deadline=None)
def test_what_is_said_without_a_row_is_what_a_fit_without_it_says(
    seed: int, landmarks: int, weighed: bool
) -> None:
    random = np.random.default_rng(seed)
    placed, wanted = random.normal(size=(15, 2)), random.normal(size=(15, 2))
    weights = random.uniform(0.2, 2.0, 15) if weighed else np.ones(15)
    vectors = placed[:landmarks]
    others = np.arange(15) != 3
    whole = _ridges(placed, vectors, wanted, weights)
    without = _ridges(placed[others], vectors, wanted[others], weights[others])
    likeness = np.exp(-((placed[3] - vectors) ** 2).sum(axis=1))
    for strength, (left_out, _), (_, weighing) in zip(_STRENGTHS, whole, without, strict=True):
        tolerance = 1e-5 if strength < 0.1 else 1e-7
        np.testing.assert_allclose(left_out[3], likeness @ weighing, rtol=1e-4, atol=tolerance)


def test_is_right_and_as_sure_as_it_may_be() -> None:
    values, codes = rings(450)
    model = KernelClassifier().fit(values, codes)
    fresh, actual = rings(450, seed=1)
    said = model.predict_proba(fresh)
    assert np.allclose(said.sum(axis=1), 1.0)
    assert (model.predict(fresh) == actual).mean() > 0.93
    flatter, sharper = ((p := said**power) / p.sum(axis=1, keepdims=True) for power in (0.5, 2.0))
    assert loss(said, actual) < min(loss(flatter, actual), loss(sharper, actual), 0.25)


def test_follows_a_curve_and_holds_back_from_noise() -> None:
    random = np.random.default_rng(0)
    values = random.uniform(-3, 3, (300, 1))
    model = KernelRegressor(gamma=1.0).fit(values, np.sin(values[:, 0]) * 40 + 100)
    at = np.linspace(-2.5, 2.5, 50)[:, None]
    assert np.abs(model.predict(at) - (np.sin(at[:, 0]) * 40 + 100)).max() < 0.5
    noise = KernelRegressor().fit(values, random.normal(size=300))
    assert np.abs(noise.predict(at)).max() < 0.6


def test_some_landmarks_nearly_do_for_all() -> None:
    values, codes = rings(600)
    fresh, actual = rings(300, seed=1)
    whole, some = (KernelClassifier(landmarks=most).fit(values, codes) for most in (600, 60))
    assert some.vectors_.shape == (60, 2)
    assert loss(some.predict_proba(fresh), actual) < 1.2 * loss(whole.predict_proba(fresh), actual)


def test_rows_without_weight_are_as_if_they_were_not_there() -> None:
    values, codes = rings(120)
    weights = np.where(np.arange(120) < 90, 2.0, 0.0)
    weighed = KernelClassifier().fit(values, codes, sample_weight=weights)
    plain = KernelClassifier().fit(values[:90], codes[:90])
    assert np.array_equal(weighed.predict_proba(values), plain.predict_proba(values))


def test_sparse_rows_are_taken_as_they_are() -> None:
    from scipy.sparse import csr_matrix

    values, codes = rings(90)
    values[np.abs(values) < 0.5] = 0.0
    plain, sparse = (KernelClassifier().fit(kind, codes) for kind in (values, csr_matrix(values)))
    assert np.array_equal(plain.predict_proba(values), sparse.predict_proba(csr_matrix(values)))


@pytest.mark.parametrize("target", [np.arange(40) % 2, np.arange(40) / 7], ids=["codes", "numbers"])
def test_twins_constants_and_far_values_do_no_harm(target: Any) -> None:
    values = np.column_stack([np.ones(40), np.repeat([0.0, 1.0], 20), np.arange(40) // 2])
    values[0, 2] = 1e12
    kind = KernelClassifier if target.dtype.kind == "i" else KernelRegressor
    model = kind().fit(values, target)
    assert np.isfinite(model.sums(values * 1e200)).all()
    assert model.sums(np.empty((0, 3))).shape == (0, len(model.added_))


@pytest.mark.parametrize(
    ("values", "target", "weights", "reason"),
    [
        ([[1.0], [np.nan]], [0, 1], None, "missing or infinite"),
        ([[1.0], [np.inf]], [0, 1], None, "missing or infinite"),
        ([[1.0], [2.0]], [0, 1], [0.0, 0.0], "weight above zero"),
        ([[1.0]], [0, 1], None, "2 targets of rows of the shape"),
        ([], [], None, "0 targets"),
    ],
)
@pytest.mark.parametrize("kind", [KernelClassifier, KernelRegressor])
def test_rows_that_cannot_be_learnt_from_are_refused(
    kind: Any, values: Any, target: Any, weights: Any, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        kind().fit(values, target, sample_weight=weights)
