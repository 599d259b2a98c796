"""Ensembles whose trees add up numbers: forests and trees of regressions, gradient boosting."""

from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.library import Booster
from keepwell.deployment.scoring.heads.links import LINKS
from keepwell.deployment.scoring.heads.storage import keep
from keepwell.deployment.scoring.heads.trees.nearby import Nearby
from keepwell.deployment.scoring.heads.trees.nodes import (
    Nodes,
    columns_at_zero,
    constant,
    nodes_of,
)
from keepwell.deployment.scoring.heads.trees.text import booster_text
from keepwell.deployment.scoring.parts import Data, NotCompilableError, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray

FILE = "trees.txt"


class Sums:
    """Adds up the numbers of the leaves that a row falls into.

    Args:
        read: Gives the bundle's files.
        file: The one with the trees.
        features: Number of columns that they take.
        at_zero: Columns that some tree compares with zero.
        single: The original rounds its input to single precision.
        link: Makes the answer of the sums.
        divisor: The sums are divided by it first.
    """

    def __init__(
        self,
        *,
        read: Read,
        file: str,
        features: int,
        at_zero: list[int],
        single: bool = True,
        link: str = "raw",
        divisor: float = 1.0,
    ) -> None:
        self._booster = Booster(read(file), features)
        self._nearby = Nearby(at_zero, single=single) if at_zero else None
        self._link = LINKS[link]
        self._divisor = divisor

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        if self._nearby is not None:
            features = self._nearby.row(features)
        sums = self._booster.row(features)
        if self._divisor != 1.0:
            sums = [number / self._divisor for number in sums]
        return self._link.row(sums)

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        if self._nearby is not None:
            features = self._nearby.batch(features)
        return self._link.batch(self._booster.batch(features) / self._divisor)


class Mean(Sums):
    """`DecisionTreeRegressor`, `RandomForestRegressor` and their kin: the mean of the trees."""

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the trees."""
        if fitted.n_outputs_ > 1:
            raise NotCompilableError(f"{type(fitted).__name__} predicts several targets")
        trees = [tree.tree_ for tree in getattr(fitted, "estimators_", [fitted])]
        nodes = [nodes_of(tree, tree.value[:, 0, 0]) for tree in trees]
        return sums_data(nodes, int(fitted.n_features_in_), files) | {"divisor": float(len(nodes))}


class Gradient(Sums):
    """`GradientBoostingClassifier` and `GradientBoostingRegressor`: trees that correct each other."""

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read what the trees start from, and the trees."""
        name = type(fitted).__name__
        start = getattr(fitted, "init_", None)
        if start != "zero" and not type(start).__module__.startswith("sklearn.dummy"):
            raise NotCompilableError(f"{name} starts from an estimator of its own")
        first = fitted._raw_predict_init(np.zeros((1, fitted.n_features_in_), dtype=np.float32))
        trees = [constant(float(value)) for value in first[0]]
        for stage in fitted.estimators_:
            for tree in (estimator.tree_ for estimator in stage):
                trees.append(nodes_of(tree, fitted.learning_rate * tree.value[:, 0, 0]))
        outputs = first.shape[1]
        if not hasattr(fitted, "classes_"):
            link = "raw"
        elif fitted.loss == "exponential":
            link = "sigmoid of twice"
        else:
            link = "sigmoid" if outputs == 1 else "softmax"
        return sums_data(trees, int(fitted.n_features_in_), files, outputs) | {"link": link}


def sums_data(
    trees: Sequence[Nodes], features: int, files: MutableMapping[str, bytes], outputs: int = 1
) -> Data:
    """Write trees out, and return what `Sums` is built from."""
    return {
        "at_zero": columns_at_zero(trees),
        "file": keep(files, FILE, booster_text(trees, features, outputs)),
        "features": features,
    }
