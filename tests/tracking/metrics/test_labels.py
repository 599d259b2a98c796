import numpy as np

from keepwell.tracking.metrics import encode


def test_gives_each_label_its_position() -> None:
    assert encode(["b", "a", "?"], ("a", "b")).tolist() == [1, 0, -1]


def test_takes_equal_numbers_and_booleans_for_the_same_label() -> None:
    assert encode(np.array([True, False]), (0, 1)).tolist() == [1, 0]
    assert encode([1.0, 0], (0, 1)).tolist() == [1, 0]
