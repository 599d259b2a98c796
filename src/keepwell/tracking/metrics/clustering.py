"""How well rows fall into clusters: by distance alone, and against labels where some are known.

Equal to scikit-learn's `silhouette_samples`, `davies_bouldin_score`, `calinski_harabasz_score`,
`adjusted_rand_score` and `adjusted_mutual_info_score`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_POINTS = 1_500  # distances between more would take more memory than they are worth
_LEAST = np.finfo(np.float64).eps


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """What a clustering is measured on.

    Attributes:
        values: Rows as points; a column is as wide as it is spread.
        labels: The group that each is known to belong to; None where nothing is known.
    """

    values: "NDArray[np.float64]"
    labels: Sequence[Any] | None = None

    def __len__(self) -> int:
        return len(self.values)


def distances(points: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return the distance of each point to each."""
    squares = (points**2).sum(axis=1)
    between = squares[:, None] + squares[None, :] - 2.0 * points @ points.T
    np.fill_diagonal(between, 0.0)
    return np.asarray(np.sqrt(np.maximum(between, 0.0)))


def silhouettes(
    apart: "NDArray[np.float64]", codes: "NDArray[np.int64]"
) -> "NDArray[np.float64] | None":
    """Return by point how much nearer it is to its own cluster than to the next, -1 to 1.

    None where there is one cluster, or as many as points: nothing can be compared.
    """
    names, own = np.unique(codes, return_inverse=True)
    if not 1 < len(names) < len(codes):
        return None
    member = np.eye(len(names))[own]
    sums, counts = apart @ member, member.sum(axis=0)
    rows = np.arange(len(own))
    alone = counts[own] == 1
    inside = sums[rows, own] / np.maximum(counts[own] - 1, 1)
    means = sums / counts
    means[rows, own] = np.inf
    outside = means.min(axis=1)
    widest = np.maximum(inside, outside)
    values = np.divide(outside - inside, widest, out=np.zeros(len(own)), where=widest > 0)
    return np.where(alone, 0.0, values)


def spreads(values: "NDArray[np.float64]", codes: "NDArray[np.int64]") -> dict[str, float]:
    """Return the indices of Caliński-Harabasz and of Davies-Bouldin."""
    names, own = np.unique(codes, return_inverse=True)
    rows, count = len(own), len(names)
    if not 1 < count < rows:
        return {}
    sizes = np.bincount(own)
    middles = np.array([values[own == one].mean(axis=0) for one in range(count)])
    reach = np.sqrt(((values - middles[own]) ** 2).sum(axis=1))
    within = float((reach**2).sum())
    between = float((sizes * ((middles - values.mean(axis=0)) ** 2).sum(axis=1)).sum())
    found = {
        "calinski_harabasz": 1.0
        if within == 0
        else between * (rows - count) / (within * (count - 1)),
    }
    mean_reach = np.bincount(own, weights=reach) / sizes
    gaps = np.sqrt(((middles[:, None, :] - middles[None, :, :]) ** 2).sum(axis=2))
    gaps[gaps == 0] = np.inf
    found["davies_bouldin"] = float(
        np.max((mean_reach[:, None] + mean_reach[None, :]) / gaps, axis=1).mean()
    )
    return found


def adjusted_rand(first: "NDArray[np.int64]", second: "NDArray[np.int64]") -> float:
    """Return how often two groupings agree on pairs of rows, beyond chance; 1 if they are the same."""
    table = contingency(first, second)
    rows = int(table.sum())
    together = float((table**2).sum())
    one, other = float((table.sum(axis=1) ** 2).sum()), float((table.sum(axis=0) ** 2).sum())
    # Counted in ordered pairs, as scikit-learn does.
    false_positive, false_negative = other - together, one - together
    true_positive = together - rows
    true_negative = rows**2 - false_positive - false_negative - together
    if false_negative == 0 and false_positive == 0:
        return 1.0
    return (
        2.0
        * (true_positive * true_negative - false_negative * false_positive)
        / (
            (true_positive + false_negative) * (false_negative + true_negative)
            + (true_positive + false_positive) * (false_positive + true_negative)
        )
    )


def adjusted_mutual_info(first: "NDArray[np.int64]", second: "NDArray[np.int64]") -> float:
    """Return how much one grouping tells about another, beyond chance; 1 if they are the same."""
    table = contingency(first, second)
    one, other = table.sum(axis=1), table.sum(axis=0)
    if len(one) == len(other) == np.count_nonzero(table):  # the same groups, by other names
        return 1.0
    if len(one) == 1 or len(other) == 1:
        return 0.0
    expected = _expected(one, other)
    usual = (_entropy(one) + _entropy(other)) / 2
    return _off_zero(_mutual(table) - expected) / _off_zero(usual - expected)


def _off_zero(value: float) -> float:
    """Return a number that can be divided by, of the same sign."""
    return min(value, -_LEAST) if value < 0 else max(value, _LEAST)


def contingency(first: "NDArray[np.int64]", second: "NDArray[np.int64]") -> "NDArray[np.int64]":
    """Return how many rows are in each pair of groups."""
    _, one = np.unique(first, return_inverse=True)
    _, other = np.unique(second, return_inverse=True)
    width = int(other.max(initial=-1)) + 1
    height = int(one.max(initial=-1)) + 1
    return np.bincount(one * width + other, minlength=height * width).reshape(height, width)


def _entropy(counts: "NDArray[np.int64]") -> float:
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def _mutual(table: "NDArray[np.int64]") -> float:
    rows = table.sum()
    at, to = np.nonzero(table)
    held = table[at, to]
    outer = table.sum(axis=1)[at] * table.sum(axis=0)[to]
    return max(float((held / rows * (np.log(held / rows) - np.log(outer / rows**2))).sum()), 0.0)


def _expected(one: "NDArray[np.int64]", other: "NDArray[np.int64]") -> float:
    """Return the mutual information that groups of these sizes have by chance (Vinh et al. 2010)."""
    rows = int(one.sum())
    fact = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, rows + 1)))])  # of factorials
    total = 0.0
    for a in one.tolist():
        for b in other.tolist():
            held = np.arange(max(1, a + b - rows), min(a, b) + 1)
            chance = np.exp(
                fact[a] + fact[b] + fact[rows - a] + fact[rows - b] - fact[rows] - fact[held]
                - fact[a - held] - fact[b - held] - fact[rows - a - b + held]
            )  # fmt: skip
            total += float((held / rows * np.log(rows * held / (a * b)) * chance).sum())
    return total
