"""How likely a gap between some rows and all others is by luck, and how many such findings to believe."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def worse_by_luck(
    loss: "NDArray[np.float64]", inside: "NDArray[np.bool_]", *, labels: bool
) -> float:
    """Return the chance that rows drawn at random lose at least as much more as those inside do.

    Args:
        loss: By row: 1 for a wrong label and 0 for a right one, or the distance from the true number.
        inside: The rows in question.
        labels: The losses are of labels: Fisher's exact test; else Welch's test of two means.
    """
    from scipy import stats

    some, others = loss[inside], loss[~inside]
    if not len(some) or not len(others):
        return 1.0
    if labels:
        missed = int(some.sum())
        tail = stats.hypergeom.sf(missed - 1, len(loss), int(loss.sum()), len(some))
        return float(min(max(tail, 0.0), 1.0))
    if loss.std() == 0 or len(some) < 2 or len(others) < 2:  # noqa: PLR2004 - a spread needs two
        return 1.0
    spread = some.var(ddof=1) / len(some) + others.var(ddof=1) / len(others)
    if spread == 0:
        return 0.0 if some.mean() > others.mean() else 1.0
    found = stats.ttest_ind(some, others, equal_var=False, alternative="greater")
    return float(found.pvalue)


def believed(chances: "NDArray[np.float64]", rate: float) -> "NDArray[np.bool_]":
    """Return which findings to believe so that of those, on average at most `rate` are luck.

    The step-up procedure of Benjamini and Hochberg (1995).
    """
    count = len(chances)
    order = np.argsort(chances, kind="stable")
    within = chances[order] <= rate * np.arange(1, count + 1) / max(count, 1)
    kept = np.zeros(count, dtype=bool)
    if within.any():
        kept[order[: int(np.flatnonzero(within)[-1]) + 1]] = True
    return kept
