import numpy as np
import pytest

from keepwell.core.spec import ThresholdSpec
from keepwell.training.ensembling.threshold import chosen_threshold


def world(
    rows: int = 5_000,
) -> tuple["np.typing.NDArray[np.float64]", "np.typing.NDArray[np.int64]"]:
    random = np.random.default_rng(0)
    chance = random.beta(1, 4, rows)
    actual = (random.uniform(size=rows) < chance).astype(np.int64)
    return np.column_stack([1 - chance, chance]), actual


def test_a_miss_that_costs_four_alarms_is_worth_a_fifth() -> None:
    answer, actual = world()
    spec = ThresholdSpec(false_positive=1, false_negative=4)
    found = chosen_threshold(answer, actual, spec, "yes")
    assert found.value == pytest.approx(0.2, abs=0.05)  # fp / (fp + fn), where probabilities hold
    assert found.worth[np.searchsorted(found.tried, found.value)] == found.worth.min()
    assert "'yes' is answered from a probability of 0." in found.told


def test_is_best_by_the_metric_among_all_that_were_tried() -> None:
    answer, actual = world()
    found = chosen_threshold(answer, actual, ThresholdSpec(metric="f1"), "yes")
    assert found.value < 0.4
    assert found.worth[np.searchsorted(found.tried, found.value)] == found.worth.max()
    assert found.tried.tolist() == sorted(found.tried.tolist())
