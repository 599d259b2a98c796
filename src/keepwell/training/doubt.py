"""Whether what won may have won by chance."""

import math
from collections.abc import Sequence

import numpy as np

from keepwell.tracking.metrics import direction
from keepwell.training.fitting import Chosen
from keepwell.training.learners.base import FIRST

_LEVEL = 0.975
_FEWEST = 2


def by_chance(chosen: Chosen, primary: int) -> str:
    """Return a warning if the winner's gain over the baseline may be chance; else nothing.

    Args:
        chosen: The winner.
        primary: How many folds make one cross-validation.
    """
    baseline = next((t for t in chosen.trials if t.candidate.learner == FIRST), None)
    if baseline is None:
        return ""
    sign, best = direction(chosen.metric), chosen.trial
    folds = sorted(set(best.scores) & set(baseline.scores))
    gains = [sign * (best.scores[fold] - baseline.scores[fold]) for fold in folds]
    if len(gains) < _FEWEST or primary < _FEWEST:
        return ""
    low = least_gain(gains, primary)
    if low > 0:
        return ""
    return (
        f"{best.candidate.name} is better than the baseline by {np.mean(gains):.3g} in "
        f"{chosen.metric}, and that may be chance: the interval over {len(folds)} folds reaches "
        f"down to {low:.3g}"
    )


def gain_interval(gains: Sequence[float], folds: int) -> tuple[float, float]:
    """Return the 95% interval of the mean gain."""
    low = least_gain(gains, folds)
    return low, 2 * float(np.mean(gains)) - low


def least_gain(gains: Sequence[float], folds: int) -> float:
    """Return the lower end of the mean gain's 95% interval.

    Folds share most of their training rows, so their gains agree more than independent ones would: the
    variance is corrected for it (Nadeau and Bengio, Inference for the Generalization Error, 2003).
    """
    from scipy.stats import t

    variance = float(np.var(gains, ddof=1)) * (1 / len(gains) + 1 / (folds - 1))
    reach = float(t.ppf(_LEVEL, len(gains) - 1)) * math.sqrt(variance)
    return float(np.mean(gains)) - reach
