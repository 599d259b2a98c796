"""All figures of one training."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keepwell.core.records import Signature
from keepwell.tracking.metrics import Scores, encode
from keepwell.training.plots.curves import curves
from keepwell.training.plots.figure import Figure
from keepwell.training.plots.residuals import residuals
from keepwell.training.plots.tables import candidates, confusion_matrix, importances
from keepwell.training.trained import LeaderboardRow


def gallery(
    signature: Signature,
    actual: Sequence[Any],
    scores: Scores,
    importance: dict[str, float],
    leaderboard: Sequence[LeaderboardRow],
    metric: str,
) -> dict[str, Figure]:
    """Return the figures by name, the most telling first."""
    figures: dict[str, Figure] = {}
    if signature.task.numeric:
        predicted = np.asarray(scores.predictions, dtype=np.float64)
        truth = np.asarray(actual, dtype=np.float64)
        figures |= residuals(truth, predicted, signature.target)
    else:
        codes = encode(actual, signature.classes)
        known = codes >= 0
        if scores.probabilities is not None and known.any():
            figures |= curves(codes[known], scores.probabilities[known], signature.classes)
        said = encode(scores.predictions, signature.classes)
        figures |= confusion_matrix(codes, said, signature.classes)
    figures["importance"] = importances(importance)
    figures["cross_validation"] = candidates(leaderboard, metric)
    return figures
