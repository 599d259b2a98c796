"""Measures of how well a score puts positives before negatives, and the curves behind them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """How many positives and negatives score at least as high as each distinct threshold.

    Attributes:
        thresholds: Distinct scores, highest first.
        hits: Positives at or above each.
        alarms: Negatives at or above each.
    """

    thresholds: "Floats"
    hits: "Floats"
    alarms: "Floats"

    @property
    def decides(self) -> bool:
        """Whether both positives and negatives occur."""
        return len(self.hits) > 0 and self.hits[-1] > 0 and self.alarms[-1] > 0

    def roc(self) -> tuple["Floats", "Floats"]:
        """Return false and true positive rates, from (0, 0) to (1, 1)."""
        alarms = np.concatenate(([0.0], self.alarms / self.alarms[-1]))
        return alarms, np.concatenate(([0.0], self.hits / self.hits[-1]))

    def precision_recall(self) -> tuple["Floats", "Floats"]:
        """Return precision and recall at each threshold, recall rising."""
        return self.hits / (self.hits + self.alarms), self.hits / self.hits[-1]


def rank(positive: "Flags", score: "Floats") -> Ranking:
    """Order rows by score once, for every measure that needs it."""
    order = np.argsort(-score, kind="stable")
    sorted_score = score[order]
    hits = np.cumsum(positive[order], dtype=np.float64)
    last = np.flatnonzero(np.diff(sorted_score, append=np.nan) != 0)  # nan: the last row counts
    return Ranking(thresholds=sorted_score[last], hits=hits[last], alarms=last + 1.0 - hits[last])


def roc_auc(ranking: Ranking) -> float:
    """Return the chance that a random positive scores above a random negative; ties count half."""
    alarms, hits = ranking.roc()
    return float(np.sum(np.diff(alarms) * (hits[1:] + hits[:-1])) / 2)


def average_precision(ranking: Ranking) -> float:
    """Return the mean precision over the gains in recall."""
    precision, recall = ranking.precision_recall()
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))
