"""Ensembles whose trees give one number per class: forests of classifiers, boosted stumps."""

from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.library import Booster
from keepwell.deployment.scoring.heads.links import LINKS
from keepwell.deployment.scoring.heads.storage import arrays_of, keep_arrays
from keepwell.deployment.scoring.heads.trees.nearby import Nearby
from keepwell.deployment.scoring.heads.trees.nodes import Nodes, nodes_of
from keepwell.deployment.scoring.heads.trees.sums import sums_data
from keepwell.deployment.scoring.parts import Data, NotCompilableError, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Votes:
    """Looks up what each tree's leaf says, and adds that up in the order of the trees.

    Args:
        read: Gives the bundle's files.
        file: The one with the trees.
        features: Number of columns that they take.
        at_zero: Columns that some tree compares with zero.
        leaves: The file with what each leaf says, and where each tree's leaves start.
        divisor: The sums are divided by it.
        link: Makes the answer of the quotients.
    """

    def __init__(
        self,
        *,
        read: Read,
        file: str,
        features: int,
        at_zero: list[int],
        leaves: str,
        divisor: float,
        link: str = "raw",
    ) -> None:
        self._booster = Booster(read(file), features, leaves=True)
        self._nearby = Nearby(at_zero, single=True) if at_zero else None
        stored = arrays_of(read(leaves))
        self._values, self._starts = stored["values"], stored["starts"]
        self._divisor = divisor
        self._link = LINKS[link]

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        if self._nearby is not None:
            features = self._nearby.row(features)
        leaves = self._booster.array(features).astype(np.intp) + self._starts
        sums = self._values.take(leaves, axis=0).sum(axis=0)
        return self._link.row((sums / self._divisor).tolist())

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        if self._nearby is not None:
            features = self._nearby.batch(features)
        leaves = self._booster.batch(features).astype(np.intp) + self._starts
        sums = np.zeros((len(features), self._values.shape[1]))
        for taken in leaves.T:
            sums += self._values[taken]
        return self._link.batch(sums / self._divisor)


class Forest(Votes):
    """`DecisionTreeClassifier`, `RandomForestClassifier` and their kin: the mean of probabilities."""

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the trees."""
        if fitted.n_outputs_ > 1:
            raise NotCompilableError(f"{type(fitted).__name__} predicts several targets")
        trees = [tree.tree_ for tree in getattr(fitted, "estimators_", [fitted])]
        nodes = [nodes_of(tree, np.zeros(tree.node_count)) for tree in trees]
        says = [tree.value[:, 0, :] for tree in trees]
        return votes_data(nodes, says, int(fitted.n_features_in_), files)


def votes_data(
    trees: Sequence[Nodes],
    says: "Sequence[NDArray[np.float64]]",
    features: int,
    files: MutableMapping[str, bytes],
) -> Data:
    """Write trees out, with what each of their nodes says, and return what `Votes` is built from."""
    values = [said[tree.leaves] for tree, said in zip(trees, says, strict=True)]
    starts = np.cumsum([0, *(len(said) for said in values[:-1])])
    data = sums_data(trees, features, files)
    data["leaves"] = keep_arrays(files, "leaves.npz", values=np.vstack(values), starts=starts)
    return data | {"divisor": float(len(trees))}
