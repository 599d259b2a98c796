import numpy as np
import pytest

from keepwell.monitoring.independence import worth_of_labels, worth_of_numbers


def test_independent_rows_are_worth_themselves() -> None:
    random = np.random.default_rng(0)
    worths = [worth_of_numbers(random.normal(size=500)) for _ in range(50)]
    assert np.median(worths) == 500


def test_a_chain_is_worth_what_its_memory_leaves() -> None:
    """An autoregressive chain with memory 0.8 leaves a ninth."""
    random = np.random.default_rng(0)
    values = np.zeros(20_000)
    for row in range(1, len(values)):
        values[row] = 0.8 * values[row - 1] + random.normal()
    assert worth_of_numbers(values) == pytest.approx(20_000 / 9, rel=0.1)


def test_labels_that_stay_are_worth_less() -> None:
    random = np.random.default_rng(0)
    shares = np.asarray([0.5, 0.5])
    assert worth_of_labels(random.integers(0, 2, 400), shares) == 400
    blocks = np.repeat(random.integers(0, 2, 40), 10)
    assert worth_of_labels(blocks, shares) == pytest.approx(40, rel=0.7)


def test_a_constant_and_a_handful_are_taken_as_they_are() -> None:
    assert worth_of_numbers(np.full(100, 3.0)) == 100
    assert worth_of_labels(np.zeros(100, int), np.asarray([1.0])) == 100
    assert worth_of_numbers(np.arange(10.0)) == 10
