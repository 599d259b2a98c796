from typing import Any

import numpy as np
import pytest

from keepwell.core.errors import InvalidDataError
from keepwell.core.records import Task
from keepwell.tracking.metrics import Scores, direction, intervals, paired_difference


def said(predictions: Any, probabilities: Any = None) -> Scores:
    return Scores(predictions=predictions, probabilities=probabilities)


def coins(rows: int, share: float, seed: int = 0) -> Any:
    return (np.random.default_rng(seed).random(rows) < share).astype(int)


def test_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(60):
        right = coins(200, 0.8, seed)
        estimate = intervals(Task.BINARY, (0, 1), np.ones(200), said(right))["accuracy"]
        assert estimate.low is not None
        assert estimate.high is not None
        covered += estimate.low <= 0.8 <= estimate.high
    assert 53 <= covered <= 60


@pytest.mark.parametrize("rows", [1_000, 80_000])
def test_narrows_with_the_root_of_the_rows(rows: int) -> None:
    estimate = intervals(Task.BINARY, (0, 1), np.ones(rows), said(coins(rows, 0.8)))["accuracy"]
    assert estimate.low is not None
    assert estimate.high is not None
    theory = 2 * 1.96 * np.sqrt(0.8 * 0.2 / rows)
    assert estimate.high - estimate.low == pytest.approx(theory, rel=0.25)


def test_gives_no_interval_for_a_handful_of_rows() -> None:
    estimate = intervals(Task.REGRESSION, (), [1.0, 2.0, 3.0], said([1.0, 2.0, 4.0]))["mae"]
    assert estimate.low is None
    assert estimate.value == pytest.approx(1 / 3)


def test_says_the_same_for_the_same_seed() -> None:
    coin = said(coins(300, 0.7))
    once, again = (intervals(Task.BINARY, (0, 1), np.ones(300), coin, seed=3) for _ in range(2))
    assert once == again


def test_is_surer_of_a_difference_than_of_its_parts() -> None:
    random = np.random.default_rng(1)
    truth = random.normal(size=500)
    shared = random.normal(size=500)
    worse, better = said(truth + shared), said(truth + 0.9 * shared)
    difference = paired_difference("rmse", Task.REGRESSION, (), truth, better, worse)
    assert difference.high is not None
    assert difference.value < difference.high < 0
    alone = intervals(Task.REGRESSION, (), truth, worse)["rmse"]
    assert alone.low is not None
    assert alone.high is not None
    assert abs(difference.value) < alone.high - alone.low


@pytest.mark.parametrize("metric", ["rmse", "mae", "r2"])
def test_takes_the_champion_from_the_candidate(metric: str) -> None:
    truth = np.arange(50.0)
    difference = paired_difference(
        metric, Task.REGRESSION, (), truth, said(truth + 1), said(truth + 2)
    )
    assert difference.value * direction(metric) > 0


def test_refuses_to_compare_where_the_rows_cannot_decide() -> None:
    same = said(np.zeros(20, int), np.full((20, 2), 0.5))
    with pytest.raises(InvalidDataError, match="roc_auc cannot be compared on these 20 rows"):
        paired_difference("roc_auc", Task.BINARY, (0, 1), np.zeros(20), same, same)
