"""Differences over folds, and what they say beyond chance."""

import math
from collections.abc import Sequence

import numpy as np


def gain_interval(gains: Sequence[float], held: float) -> tuple[float, float, float]:
    """Return the mean of paired differences over folds and its 95% interval.

    Folds share most of their training rows, so that their differences are not independent: the variance
    is enlarged as Nadeau and Bengio propose ("Inference for the generalization error", 2003).

    Args:
        gains: One difference a fold.
        held: Held-out rows of a fold over its training rows.
    """
    from scipy.stats import t

    count = len(gains)
    mean = float(np.mean(gains))
    if count < 2:  # noqa: PLR2004 - one says nothing about chance
        return mean, -math.inf, math.inf
    spread = float(np.var(gains, ddof=1))
    half = float(t.ppf(0.975, count - 1)) * math.sqrt(spread * (1 / count + held))
    return mean, mean - half, mean + half
