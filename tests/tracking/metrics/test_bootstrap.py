from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from keepwell.core.records import Task
from keepwell.tracking.metrics import intervals, paired_difference


@dataclass(frozen=True)
class Said:
    predictions: Any
    probabilities: Any = None


def coins(rows: int, share: float, seed: int = 0) -> Any:
    return (np.random.default_rng(seed).random(rows) < share).astype(int)


def test_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(60):
        right = coins(200, 0.8, seed)
        estimate = intervals(Task.BINARY, (0, 1), np.ones(200), Said(right))["accuracy"]
        assert estimate.low is not None
        assert estimate.high is not None
        covered += estimate.low <= 0.8 <= estimate.high
    assert 53 <= covered <= 60


@pytest.mark.parametrize("rows", [1_000, 80_000])
def test_narrows_with_the_root_of_the_rows(rows: int) -> None:
    estimate = intervals(Task.BINARY, (0, 1), np.ones(rows), Said(coins(rows, 0.8)))["accuracy"]
    assert estimate.low is not None
    assert estimate.high is not None
    theory = 2 * 1.96 * np.sqrt(0.8 * 0.2 / rows)
    assert estimate.high - estimate.low == pytest.approx(theory, rel=0.25)


def test_gives_no_interval_for_a_handful_of_rows() -> None:
    estimate = intervals(Task.REGRESSION, (), [1.0, 2.0, 3.0], Said([1.0, 2.0, 4.0]))["mae"]
    assert estimate.low is None
    assert estimate.value == pytest.approx(1 / 3)


def test_says_the_same_for_the_same_seed() -> None:
    said = Said(coins(300, 0.7))
    once, again = (intervals(Task.BINARY, (0, 1), np.ones(300), said, seed=3) for _ in range(2))
    assert once == again


def test_is_surer_of_a_difference_than_of_its_parts() -> None:
    random = np.random.default_rng(1)
    truth = random.normal(size=500)
    shared = random.normal(size=500)
    worse, better = Said(truth + shared), Said(truth + 0.9 * shared)
    difference = paired_difference("rmse", Task.REGRESSION, (), truth, better, worse)
    assert difference is not None
    assert difference.low is not None
    assert 0 < difference.low < difference.value
    alone = intervals(Task.REGRESSION, (), truth, worse)["rmse"]
    assert alone.low is not None
    assert alone.high is not None
    assert difference.value < (alone.high - alone.low)


def test_counts_more_as_better_whatever_the_metric() -> None:
    truth = np.arange(50.0)
    good, bad = Said(truth + 1), Said(truth + 2)
    for metric in ("rmse", "mae", "r2"):
        difference = paired_difference(metric, Task.REGRESSION, (), truth, good, bad)
        assert difference is not None
        assert difference.value > 0


def test_gives_no_difference_where_the_rows_cannot_decide() -> None:
    chances = np.full((20, 2), 0.5)
    said = Said(np.zeros(20, int), chances)
    assert paired_difference("roc_auc", Task.BINARY, (0, 1), np.zeros(20), said, said) is None
