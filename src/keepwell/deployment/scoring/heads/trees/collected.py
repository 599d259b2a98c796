"""Trees that were fitted one by one, as members of an ensemble, read as a forest."""

from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.trees.nodes import nodes_of
from keepwell.deployment.scoring.heads.trees.sums import sums_data
from keepwell.deployment.scoring.heads.trees.votes import votes_data
from keepwell.deployment.scoring.parts import Data, name_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KINDS = {
    f"sklearn.{kind}Tree{task}"
    for kind in ("Decision", "Extra")
    for task in ("Classifier", "Regressor")
}


def are_trees(members: Sequence[Any]) -> bool:
    """Tell whether all members are trees."""
    return all(name_of(member) in _KINDS for member in members)


def preferred(tree: Any) -> "NDArray[np.intp]":
    """Return the position of the class that each node of a tree prefers."""
    return np.asarray(tree.tree_.value[:, 0, :].argmax(axis=1))


def forest_of(
    trees: Sequence[Any],
    says: "Sequence[NDArray[np.float64]]",
    features: int,
    files: MutableMapping[str, bytes],
    columns: Sequence[Any] | None = None,
) -> Data:
    """Return the data of a forest whose nodes say these numbers, each tree looking at some columns."""
    nodes = [
        nodes_of(tree.tree_, np.zeros(tree.tree_.node_count), seen)
        for tree, seen in zip(trees, columns or [None] * len(trees), strict=True)
    ]
    return {"op": "sklearn.RandomForestClassifier", **votes_data(nodes, says, features, files)}


def mean_of(
    trees: Sequence[Any], features: int, files: MutableMapping[str, bytes], columns: Sequence[Any]
) -> Data:
    """Return the data of a forest that gives the mean of its trees."""
    nodes = [
        nodes_of(tree.tree_, tree.tree_.value[:, 0, 0], seen)
        for tree, seen in zip(trees, columns, strict=True)
    ]
    data = sums_data(nodes, features, files)
    return {"op": "sklearn.RandomForestRegressor", **data, "divisor": float(len(nodes))}
