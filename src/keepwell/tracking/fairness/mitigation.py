"""Thresholds of their own for each group: what they would change, and what that costs.

After Hardt, Price and Srebro 2016, without their coin tosses: each group gets the threshold at which its
rate is nearest to a rate that all groups share, and of all shared rates the one with the best accuracy is
taken. Chosen on one half of the rows, drawn at random, and told of the other half.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from keepwell.core.records import Mitigation
from keepwell.tracking.fairness.measures import counted, rates, spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RATES = np.linspace(0.01, 0.99, 99)
_SEED = 0
_FEWEST = 10  # rows of a group, and positives among them, in each half


def mitigations(
    names: Sequence[str],
    member: "NDArray[np.int64]",
    actual: "NDArray[np.bool_]",
    chances: "NDArray[np.float64]",
    said: "NDArray[np.bool_]",
) -> tuple[Mitigation, ...]:
    """Return what equal selection rates and equal true positive rates would take.

    Args:
        names: The groups.
        member: By row the place of its group; -1 for none.
        actual: Who is of the favourable class.
        chances: The chance of it that the model gives.
        said: Who is predicted to be of it.
    """
    inside = np.random.default_rng(_SEED).permutation(np.flatnonzero(member >= 0))
    first, second = inside[::2], inside[1::2]
    made = []
    for metric in ("selection_rate", "true_positive_rate"):
        counting = np.ones(len(actual), dtype=bool) if metric == "selection_rate" else actual
        if any(
            (counting[half] & (member[half] == at)).sum() < _FEWEST
            for half in (first, second)
            for at in range(len(names))
        ):
            continue
        thresholds = _chosen(
            len(names), member[first], actual[first], chances[first], counting[first]
        )
        after = chances[second] >= thresholds[member[second]]
        truth, groups = actual[second], member[second]
        made.append(
            Mitigation(
                metric=metric,
                thresholds=dict(zip(names, thresholds.tolist(), strict=True)),
                gap_before=_gap(metric, truth, said[second], groups, len(names)),
                gap_after=_gap(metric, truth, after, groups, len(names)),
                accuracy_before=float((said[second] == truth).mean()),
                accuracy_after=float((after == truth).mean()),
                rows=len(second),
            )
        )
    return tuple(made)


def _chosen(
    groups: int,
    member: "NDArray[np.int64]",
    actual: "NDArray[np.bool_]",
    chances: "NDArray[np.float64]",
    counting: "NDArray[np.bool_]",
) -> "NDArray[np.float64]":
    """Return a threshold by group, so that the rate of those who count is the same for all."""
    by_group = np.stack(
        [np.quantile(chances[(member == at) & counting], 1 - _RATES) for at in range(groups)]
    )
    right = [
        float(((chances >= by_group[member, at]) == actual).mean()) for at in range(len(_RATES))
    ]
    best: NDArray[np.float64] = by_group[:, int(np.argmax(right))]
    return best


def _gap(
    metric: str,
    actual: "NDArray[np.bool_]",
    said: "NDArray[np.bool_]",
    member: "NDArray[np.int64]",
    groups: int,
) -> float:
    return float(spread(rates(counted(actual, said, member, groups))[metric]))
