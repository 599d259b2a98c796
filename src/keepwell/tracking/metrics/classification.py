"""Measures of predicted labels. Labels are codes: positions in the list of classes.

A true label outside the classes (code -1) counts as missed by whatever was predicted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int64]
    Counts = NDArray[np.int64]

_PAIR = 2


def confusion(actual: "Codes", predicted: "Codes", classes: int) -> "NDArray[np.int64]":
    """Return counts by true class (row) and predicted class (column); unknown labels left out."""
    known = (actual >= 0) & (predicted >= 0)
    cells = actual[known] * classes + predicted[known]
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How often each class was true, was predicted, and both; the rest follows from that.

    Attributes:
        hits: By class, rows that are of it and were called so.
        said: By class, rows that were called so.
        true: By class, rows that are of it.
        rows: All rows, those with a label outside the classes among them.
        strange: True and predicted labels outside the classes.
    """

    hits: "Counts"
    said: "Counts"
    true: "Counts"
    rows: int
    strange: tuple[int, int]

    @property
    def pair(self) -> bool:
        """There are two classes; the second is the positive one."""
        return len(self.hits) == _PAIR

    @property
    def expected(self) -> float:
        """Rows squared that would agree by chance."""
        return float(np.dot(self.said.astype(float), self.true)) + self.strange[0] * self.strange[1]


def tally(actual: "Codes", predicted: "Codes", classes: int) -> Tally:
    """Count labels once, for every measure that needs it."""
    said, true = predicted[predicted >= 0], actual[actual >= 0]
    return Tally(
        hits=np.bincount(actual[(actual == predicted) & (actual >= 0)], minlength=classes),
        said=np.bincount(said, minlength=classes),
        true=np.bincount(true, minlength=classes),
        rows=len(actual),
        strange=(len(actual) - len(true), len(predicted) - len(said)),
    )


def _precision(counts: Tally) -> "NDArray[np.float64]":
    return np.asarray(counts.hits / np.maximum(counts.said, 1), dtype=np.float64)


def _recall(counts: Tally) -> "NDArray[np.float64]":
    return np.asarray(counts.hits / np.maximum(counts.true, 1), dtype=np.float64)


def _f1(counts: Tally) -> "NDArray[np.float64]":
    both = np.maximum(counts.said + counts.true, 1)
    return np.asarray(2 * counts.hits / both, dtype=np.float64)


Ratio = Callable[[Tally], "NDArray[np.float64]"]
Measure = Callable[[Tally], float | None]


def _macro(ratio: Ratio) -> Measure:
    """Return the plain mean over the classes that occur; a ratio without a denominator is 0."""

    def measured(counts: Tally) -> float | None:
        occurs = (counts.said + counts.true) > 0
        return float(ratio(counts)[occurs].mean()) if occurs.any() else 0.0

    return measured


def _usual(ratio: Ratio) -> Measure:
    """Return the ratio of the positive class of two, else the plain mean."""
    mean = _macro(ratio)
    return lambda counts: float(ratio(counts)[1]) if counts.pair else mean(counts)


def _weighted(ratio: Ratio) -> Measure:
    def measured(counts: Tally) -> float | None:
        whole = int(counts.true.sum())
        return float(np.dot(ratio(counts), counts.true) / whole) if whole else None

    return measured


def _micro(over: Callable[[Tally], float]) -> Measure:
    def measured(counts: Tally) -> float | None:
        among = over(counts)
        return float(counts.hits.sum() / among) if among else 0.0

    return measured


def _accuracy(counts: Tally) -> float:
    return float(counts.hits.sum() / counts.rows)


def _balanced(counts: Tally) -> float | None:
    occurs = counts.true > 0
    return float(_recall(counts)[occurs].mean()) if occurs.any() else None


def _mcc(counts: Tally) -> float:
    """Gorodkin's correlation for any number of classes; 0 where one side is constant."""
    rows = float(counts.rows)
    spread = [
        rows * rows - float(np.dot(side.astype(float), side)) - float(strange) ** 2
        for side, strange in zip((counts.true, counts.said), counts.strange, strict=True)
    ]
    if min(spread) <= 0:
        return 0.0
    together = float(counts.hits.sum()) * rows - counts.expected
    return float(together / np.sqrt(spread[0] * spread[1]))


def _kappa(counts: Tally) -> float | None:
    """Agreement beyond chance; undecided where chance alone gives full agreement."""
    chance = counts.expected / float(counts.rows) ** 2
    return None if chance == 1.0 else (_accuracy(counts) - chance) / (1.0 - chance)


MEASURES: dict[str, Measure] = {
    "accuracy": _accuracy,
    "f1": _usual(_f1),
    "precision": _usual(_precision),
    "recall": _usual(_recall),
    "balanced_accuracy": _balanced,
    "mcc": _mcc,
    "kappa": _kappa,
    "specificity": lambda counts: float(_recall(counts)[0]) if counts.pair else None,
    "precision_macro": _macro(_precision),
    "recall_macro": _macro(_recall),
    "f1_macro": _macro(_f1),
    "precision_weighted": _weighted(_precision),
    "recall_weighted": _weighted(_recall),
    "f1_weighted": _weighted(_f1),
    "precision_micro": _micro(lambda counts: float(counts.said.sum())),
    "recall_micro": _micro(lambda counts: float(counts.true.sum())),
    "f1_micro": _micro(lambda counts: float(counts.said.sum() + counts.true.sum()) / 2),
}
