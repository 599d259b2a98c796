"""Rows of a fold that a learner may stop early by: of those it learns from, never the scored ones."""

from typing import TYPE_CHECKING

import numpy as np

from keepwell.training.splits.plans import Plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keepwell.training.splits.plans import Rows

FEWEST = 40
"""Rows to learn from, below which no part of them says when to stop."""

_SMALL = 2_000
_SHARES = 0.2, 0.125  # of few rows, of many: few say little, and are needed for learning
_GOLDEN = 0.618033988749895


def stopping_lots(plan: Plan, used: "Rows", seed: int) -> "NDArray[np.float64]":
    """Return a number for each used row: those with the largest in a fold are the rows to stop by.

    By time these are the latest, by group whole groups, else any.
    """
    random = np.random.default_rng(seed + 6)
    if plan.by == "time" and plan.order is not None:
        known = np.nan_to_num(np.asarray(plan.order[used], dtype=np.float64), nan=-np.inf)
        return np.asarray(np.unique(known, return_inverse=True)[1] + 1.0, dtype=np.float64)
    if plan.by == "group" and plan.order is not None:
        names, codes = np.unique(plan.order[used], return_inverse=True)
        return np.asarray(random.permutation(len(names))[codes] / len(names))
    return random.permutation(len(used)) / max(len(used), 1)


def set_apart(
    lots: "NDArray[np.float64]", number: int
) -> "tuple[NDArray[np.int64], NDArray[np.int64]] | None":
    """Return positions to learn from and to stop by; None if there are too few of either.

    Args:
        lots: Of the rows of one fold.
        number: Of the fold: other folds stop by other rows, unless time decides.
    """
    if len(lots) < FEWEST:
        return None
    if lots.max() < 1.0:
        lots = (lots + _GOLDEN * number) % 1.0
    share = _SHARES[0] if len(lots) < _SMALL else _SHARES[1]
    border = np.quantile(lots, 1 - share, method="higher")
    apart = lots >= border
    learnt, stopping = np.flatnonzero(~apart), np.flatnonzero(apart)
    return (learnt, stopping) if len(learnt) >= len(lots) // 2 else None
