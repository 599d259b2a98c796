"""How quickly random cuts single a row out (isolation forest; Liu, Ting and Zhou 2008)."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[np.float64]]

_TREES = 100
_AT_ONCE = 4_096
_EULER = 0.5772156649015329


def fit(values: "NDArray[np.float64]", seed: int) -> "Arrays":
    """Return the trees side by side: the cut at each node, its children, and the depth of leaves."""
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=_TREES, random_state=seed).fit(values)
    trees = [one.tree_ for one in forest.estimators_]
    widest = max(tree.node_count for tree in trees)
    shape = (len(trees), widest)
    column, left, right = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    cut, depth = np.zeros(shape), np.zeros(shape)
    for at, (tree, chosen) in enumerate(zip(trees, forest.estimators_features_, strict=True)):
        count = tree.node_count
        leaf = tree.children_left < 0
        own = np.arange(count)
        column[at, :count] = np.where(leaf, 0, chosen[np.maximum(tree.feature, 0)])
        cut[at, :count] = tree.threshold
        left[at, :count] = np.where(leaf, own, tree.children_left)
        right[at, :count] = np.where(leaf, own, tree.children_right)
        depth[at, :count] = _depths(tree, leaf)
    usual = float(_unsuccessful(np.array([forest.max_samples_]))[0])
    levels = max(int(tree.max_depth) for tree in trees)
    return {
        "column": column, "cut": cut, "left": left, "right": right, "depth": depth,
        "usual": np.array([len(trees) * usual, float(levels)]),
    }  # fmt: skip


def scores(arrays: "Arrays", values: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return 2 to the power of minus the mean depth, as a share of the usual one."""
    column, cut = arrays["column"].astype(np.int64), arrays["cut"]
    left, right = arrays["left"].astype(np.int64), arrays["right"].astype(np.int64)
    depth, (usual, levels) = arrays["depth"], arrays["usual"]
    tree = np.arange(len(column))[None, :]
    found = np.empty(len(values))
    for start in range(0, len(values), _AT_ONCE):
        # scikit-learn's trees compare in single precision.
        some = values[start : start + _AT_ONCE].astype(np.float32).astype(np.float64)
        node = np.zeros((len(some), len(column)), dtype=np.int64)
        rows = np.arange(len(some))[:, None]
        for _ in range(int(levels)):
            goes_left = some[rows, column[tree, node]] <= cut[tree, node]
            node = np.where(goes_left, left[tree, node], right[tree, node])
        found[start : start + _AT_ONCE] = depth[tree, node].sum(axis=1)
    return np.asarray(2.0 ** (-found / max(float(usual), 1e-12)))


def _depths(tree: object, leaf: "NDArray[np.bool_]") -> "NDArray[np.float64]":
    """Return by leaf how many cuts it took, and how many more its rows would have taken."""
    lefts, rights = tree.children_left, tree.children_right  # type: ignore[attr-defined]
    level = np.zeros(len(leaf))
    for node in range(len(leaf)):  # parents come before their children
        if not leaf[node]:
            level[lefts[node]] = level[rights[node]] = level[node] + 1
    return level + _unsuccessful(tree.n_node_samples)  # type: ignore[attr-defined]


def _unsuccessful(rows: "NDArray[np.int64]") -> "NDArray[np.float64]":
    """Return the mean number of cuts that single one out of so many rows."""
    count = np.asarray(rows, dtype=np.float64)
    many = np.maximum(count, 3.0)
    mean = 2.0 * (np.log(many - 1.0) + _EULER) - 2.0 * (many - 1.0) / many
    return np.where(count <= 1, 0.0, np.where(count == 2, 1.0, mean))  # noqa: PLR2004
