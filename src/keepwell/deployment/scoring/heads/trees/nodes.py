"""A decision tree as arrays, and how scikit-learn's trees become one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import NotCompilableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAF = -1
TINY = 1e-35
"""LightGBM takes numbers up to this size for zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """One tree: arrays by node, the root first.

    Attributes:
        feature: Column that the node looks at.
        threshold: Up to it, a row goes left.
        left: Next node; -1 at a leaf.
        right: Next node; -1 at a leaf.
        gaps_left: A missing number goes left.
        value: What a leaf adds to the answer.
        labels: By node that divides categories: the codes that go left.
    """

    feature: "NDArray[np.int64]"
    threshold: "NDArray[np.float64]"
    left: "NDArray[np.int64]"
    right: "NDArray[np.int64]"
    gaps_left: "NDArray[np.bool_]"
    value: "NDArray[np.float64]"
    labels: dict[int, list[int]] = field(default_factory=dict)

    @property
    def leaves(self) -> "NDArray[np.bool_]":
        """Tell which nodes are leaves."""
        return np.asarray(self.left == LEAF)


def constant(value: float) -> Nodes:
    """Return the tree that gives the same to every row."""
    none = np.array([LEAF])
    return Nodes(
        feature=np.zeros(1, dtype=np.int64),
        threshold=np.zeros(1),
        left=none,
        right=none,
        gaps_left=np.zeros(1, dtype=np.bool_),
        value=np.array([value]),
    )


def nodes_of(
    tree: Any, value: "NDArray[np.float64]", columns: Sequence[int] | None = None
) -> Nodes:
    """Return a `sklearn.tree._tree.Tree` as nodes that take numbers in double precision.

    Args:
        tree: The original, which rounds every number to single precision first.
        value: What each node adds, if it is a leaf.
        columns: Where its features are; by default in their own places.
    """
    feature = np.asarray(tree.feature, dtype=np.int64)
    if columns is not None:
        feature = np.asarray(columns, dtype=np.int64)[np.maximum(feature, 0)]
    return Nodes(
        feature=feature,
        threshold=widened(np.asarray(tree.threshold, dtype=np.float64)),
        left=np.asarray(tree.children_left, dtype=np.int64),
        right=np.asarray(tree.children_right, dtype=np.int64),
        gaps_left=np.asarray(tree.missing_go_to_left, dtype=np.bool_),
        value=value,
    )


def widened(thresholds: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return the largest doubles that are not above thresholds once rounded to single precision.

    `x <= widened(t)` is `float32(x) <= t` for every double, without the rounding. Zero stays: whoever
    asks gives LightGBM numbers next to zero in a form of their own.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        single = thresholds.astype(np.float32)
        below = np.nextafter(single, np.float32(-np.inf))
        single = np.where(single > thresholds, below, single)
        above = np.nextafter(single, np.float32(np.inf)).astype(np.float64)
        middle = single + (above - single) / 2
        exact = middle.astype(np.float32) == single
    wide = np.where(exact, middle, np.nextafter(middle, -np.inf))
    wide = np.where(
        thresholds == np.inf, np.finfo(np.float64).max, wide
    )  # parts gaps from the rest
    return np.where(thresholds == 0.0, 0.0, wide)


def columns_at_zero(trees: Sequence[Nodes]) -> list[int]:
    """Return the columns that are compared with zero.

    Raises:
        NotCompilableError: If one is compared with a number that LightGBM takes for zero.
    """
    found: set[int] = set()
    for tree in trees:
        inner = ~tree.leaves
        inner[list(tree.labels)] = False
        thresholds = tree.threshold[inner]
        if np.any((thresholds != 0.0) & (np.abs(thresholds) <= 2 * TINY)):
            raise NotCompilableError("a tree compares with a number next to zero")
        found.update(tree.feature[inner][thresholds == 0.0].tolist())
    return sorted(found)
