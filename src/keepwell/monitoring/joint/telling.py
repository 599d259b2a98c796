"""How well two sets of rows can be told apart, on rows that the classifier has not seen."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDS = 5

LONGEST = 3
"""A stretch that the floor is learnt from is at most one in so many of training's rows …"""

_SHORTEST = 60  # … and at least so many
_DRAWS = 12
_SURE = 1.2  # beyond the largest of twelve

Fit = Callable[[Any, "NDArray[np.float64]", Any], "NDArray[np.float64]"]
"""Learns from rows and their worlds, and returns a score for other rows."""


def out_of_fold(rows: Any, worlds: "NDArray[np.float64]", fit: Fit) -> "NDArray[np.float64]":
    """Return a score for each row by a classifier that has not learnt from it, nor from its neighbours.

    Folds are stretches of each world in the order of its rows: else a row's likeness to the one before, of
    the same minute, would look like drift.
    """
    scores = np.zeros(len(worlds))
    folds = np.zeros(len(worlds), np.int64)
    for world in (0.0, 1.0):
        own = np.flatnonzero(worlds == world)
        folds[own] = np.arange(len(own)) * FOLDS // max(len(own), 1)
    for fold in range(FOLDS):
        held = folds == fold
        scores[held] = fit(rows[~held], worlds[~held], rows[held])
    return _centred(scores, folds)


def floor_of(rows: "NDArray[np.float64]", share: float, fit: Fit) -> float:
    """Return how well a stretch of training's rows can be told from the rest, at best of twelve.

    Args:
        rows: Training's rows in their order.
        share: How long the stretch is.
        fit: The classifier.
    """
    length = int(np.clip(share * len(rows), _SHORTEST, max(_SHORTEST, len(rows) // LONGEST)))
    largest = 0.5
    for start in np.unique(np.linspace(0, len(rows) - length, _DRAWS).astype(np.int64)):
        worlds = np.zeros(len(rows))
        worlds[start : start + length] = 1
        largest = max(largest, area(out_of_fold(rows, worlds, fit), worlds))
    return 0.5 + min(0.5, _SURE * (largest - 0.5))


def area(scores: "NDArray[np.float64]", worlds: "NDArray[np.float64]") -> float:
    """Return the area under the ROC curve: how often a row of the second world scores higher."""
    from scipy.stats import rankdata

    second = worlds == 1
    count = int(second.sum())
    other = len(worlds) - count
    if not count or not other:
        return 0.5
    ranks = rankdata(scores)
    return float((ranks[second].sum() - count * (count + 1) / 2) / (count * other))


def chance(first: float, second: float) -> float:
    """Return the standard deviation of that area where both worlds are one."""
    if not first or not second:
        return 0.5
    return math.sqrt((first + second + 1) / (12 * first * second))


def _centred(scores: "NDArray[np.float64]", folds: "NDArray[np.int64]") -> "NDArray[np.float64]":
    """Rank scores within each fold: classifiers of two folds do not share a scale."""
    from scipy.stats import rankdata

    ranks = np.zeros(len(scores))
    for fold in range(FOLDS):
        held = folds == fold
        if held.any():
            ranks[held] = rankdata(scores[held]) / held.sum()
    return ranks
