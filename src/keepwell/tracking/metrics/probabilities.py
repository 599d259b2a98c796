"""Measures of class probabilities: rows by classes, each row with a true label that is known."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from keepwell.tracking.metrics.ranking import Ranking, average_precision, rank, roc_auc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]

_PAIR = 2
_BINS = 10


class Chances:
    """True labels with the probabilities that were given; what several measures need is made once.

    Args:
        actual: Codes of the true labels.
        probabilities: By row and class.
        unknown: Rows with a true label outside the classes, which are not among these.
    """

    def __init__(self, actual: "Codes", probabilities: "Floats", unknown: int = 0) -> None:
        self.actual = actual
        self.probabilities = probabilities
        self.unknown = unknown
        self.classes: int = probabilities.shape[1]

    @property
    def pair(self) -> bool:
        """There are two classes; the second is the positive one."""
        return self.classes == _PAIR

    @cached_property
    def rankings(self) -> "list[tuple[int, Ranking]]":
        """By positive class the order of rows, where both sides occur."""
        positives: Sequence[int] = (1,) if self.pair else range(self.classes)
        ranked = ((c, rank(self.actual == c, self.probabilities[:, c])) for c in positives)
        return [(code, ranking) for code, ranking in ranked if ranking.decides]


def log_loss(actual: "Codes", probabilities: "Floats") -> float:
    """Return the mean surprise at the true labels, in nats; never infinite."""
    tiny = np.finfo(probabilities.dtype).eps
    given = probabilities[np.arange(len(actual)), actual]
    return float(-np.mean(np.log(np.clip(given, tiny, 1 - tiny))))


def _roc_auc(chances: Chances) -> float | None:
    areas = [roc_auc(ranking) for _, ranking in chances.rankings]
    return float(np.mean(areas)) if areas else None


def _roc_auc_weighted(chances: Chances) -> float | None:
    if chances.pair or not chances.rankings:
        return None
    areas = [roc_auc(ranking) for _, ranking in chances.rankings]
    return float(np.average(areas, weights=[r.hits[-1] for _, r in chances.rankings]))


def _average_precision(chances: Chances) -> float | None:
    found = [average_precision(ranking) for _, ranking in chances.rankings]
    return float(np.mean(found)) if found else None


def _brier(chances: Chances) -> float:
    """Of two classes the positive one's error; of more the sum over the classes."""
    if chances.pair:
        return float(np.mean((chances.probabilities[:, 1] - (chances.actual == 1)) ** 2))
    missed = chances.probabilities.copy()
    missed[np.arange(len(chances.actual)), chances.actual] -= 1
    return float(np.mean(np.sum(missed**2, axis=1)))


def _ece(chances: Chances) -> float:
    """Of two classes about the positive one, of more about the likeliest one."""
    said: Floats
    if chances.pair:
        said, was = chances.probabilities[:, 1], chances.actual == 1
    else:
        said = chances.probabilities.max(axis=1)
        was = chances.probabilities.argmax(axis=1) == chances.actual
    bins = np.clip((said * _BINS).astype(np.int64), 0, _BINS - 1)
    gap = np.bincount(bins, weights=said - was, minlength=_BINS)
    return float(np.abs(gap).sum() / len(said))


def _top(count: int) -> "Callable[[Chances], float | None]":
    def measured(chances: Chances) -> float | None:
        if chances.classes <= count:
            return None
        order = np.argsort(chances.probabilities, axis=1, kind="stable")[:, ::-1][:, :count]
        hits = (order == chances.actual[:, None]).any(axis=1).sum()
        return float(hits / (len(chances.actual) + chances.unknown))

    return measured


MEASURES: "dict[str, Callable[[Chances], float | None]]" = {
    "roc_auc": _roc_auc,
    "average_precision": _average_precision,
    "log_loss": lambda chances: log_loss(chances.actual, chances.probabilities),
    "brier": _brier,
    "ece": _ece,
    "roc_auc_weighted": _roc_auc_weighted,
    "top_3_accuracy": _top(3),
    "top_5_accuracy": _top(5),
}
