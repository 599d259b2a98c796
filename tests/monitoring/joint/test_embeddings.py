"""Embeddings, told apart by a classifier over their numbers."""

from typing import TYPE_CHECKING

import numpy as np

from keepwell.monitoring.joint import compare_embeddings

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH = 24


def cloud(rows: int, seed: int, *, moved: float = 0.0, scale: float = 1.0) -> "NDArray[np.float64]":
    """Draw embeddings whose directions matter less and less."""
    random = np.random.default_rng(seed)
    found = random.normal(size=(rows, WIDTH)) / np.sqrt(np.arange(1, WIDTH + 1))
    found[:, 0] += moved
    return found * scale


def test_the_same_world_is_not_told_apart() -> None:
    for seed in range(3):
        found = compare_embeddings("said", cloud(600, seed), cloud(400, 100 + seed))
        assert found is not None
        assert not found.drifted
        assert abs(found.effect - 0.5) < 0.08


def test_a_centre_that_moved_is_told_with_how_far() -> None:
    found = compare_embeddings("said", cloud(600, 0), cloud(400, 1, moved=1.5))
    assert found is not None
    assert found.drifted
    assert found.effect > 0.8
    assert 0.5 < found.moved < 1.0
    assert found.message.startswith(
        "embeddings of `said` lie elsewhere than in training; their centre"
    )


def test_a_cloud_that_grew_is_told_though_its_centre_stayed() -> None:
    found = compare_embeddings("said", cloud(600, 0), cloud(400, 1, scale=1.4))
    assert found is not None
    assert found.drifted
    assert found.moved < 0.15
    assert "they are 4" in found.message  # 4x% longer
    assert "lie farther out than 99% of training's" in found.message


def test_a_walk_within_training_raises_the_floor() -> None:
    drift = np.linspace(0, 4, 600)[:, None]
    still, walking = cloud(600, 0), cloud(600, 0) + drift
    live = cloud(200, 1) + 2.0
    before, after = compare_embeddings("v", still, live), compare_embeddings("v", walking, live)
    assert before is not None
    assert after is not None
    assert before.drifted
    assert after.floor > 0.8 > before.floor
    assert not after.drifted


def test_a_number_that_never_varies_does_no_harm() -> None:
    first, second = cloud(300, 0), cloud(300, 1)
    first[:, 3] = second[:, 3] = 7.0
    found = compare_embeddings("v", first, second)
    assert found is not None
    assert not found.drifted


def test_rows_that_are_not_finite_are_left_out_and_too_few_say_nothing() -> None:
    live = cloud(150, 1)
    live[:60, 0] = np.nan
    assert compare_embeddings("v", cloud(300, 0), live) is None
    live = cloud(400, 1)
    live[5, 2] = np.inf
    found = compare_embeddings("v", cloud(300, 0), live)
    assert found is not None
    assert found.rows == 399
