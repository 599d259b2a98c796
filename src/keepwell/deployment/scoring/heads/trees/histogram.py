"""`HistGradientBoostingClassifier` and `HistGradientBoostingRegressor`."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.trees.nodes import LEAF, Nodes, constant
from keepwell.deployment.scoring.heads.trees.sums import Sums, sums_data
from keepwell.deployment.scoring.parts import Data, NotCompilableError, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MISSING = 255.0  # the code of a label that is missing, or was never seen
_LINKS = {"IdentityLink": "raw", "LogLink": "exp"}


class Histogram(Sums):
    """Trees that look at doubles as they are, and at labels by their codes.

    Args:
        read: Gives the bundle's files.
        labels: By column that holds labels, as text: the labels, in the order of their codes.
        **sums: As `Sums` takes them.
    """

    def __init__(self, *, read: Read, labels: dict[str, list[float]], **sums: Any) -> None:
        super().__init__(read=read, **sums)
        self._codes = {
            int(column): {label: float(code) for code, label in enumerate(known)}
            for column, known in labels.items()
        }

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read what the trees start from, the trees, and the labels that they know."""
        start = np.ravel(fitted._baseline_prediction)
        columns, labels = _columns(fitted)
        trees = [constant(float(value)) for value in start]
        for stage in fitted._predictors:
            trees += [_nodes(predictor, columns, labels) for predictor in stage]
        if hasattr(fitted, "classes_"):
            link = "sigmoid" if len(start) == 1 else "softmax"
        else:
            link = _LINKS[type(fitted._loss.link).__name__]
        return {
            **sums_data(trees, int(fitted.n_features_in_), files, len(start)),
            "single": False,
            "link": link,
            "labels": {str(column): known for column, known in labels.items()},
        }

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        if self._codes:
            features = list(features)
            for column, codes in self._codes.items():
                features[column] = codes.get(features[column], _MISSING)
        return super().row(features)

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        if self._codes:
            features = np.array(features, dtype=np.float64)
            for column, codes in self._codes.items():
                values = features[:, column].tolist()
                features[:, column] = [codes.get(value, _MISSING) for value in values]
        return super().batch(features)


def _columns(fitted: Any) -> tuple[list[int], dict[int, list[float]]]:
    """Return where each column of the trees is in the input, and the labels by column of the input."""
    width = int(fitted.n_features_in_)
    if fitted._preprocessor is None:
        return list(range(width)), {}
    chosen = fitted._preprocessor.named_transformers_["encoder"]
    taken = dict(zip(("encoder", "numerical"), fitted._preprocessor.transformers_, strict=False))
    where = {name: np.arange(width)[block[2]].tolist() for name, block in taken.items()}
    labels = {}
    for column, known in zip(where["encoder"], chosen.categories_, strict=True):
        if known.dtype.kind not in "fiu":
            raise NotCompilableError(f"{type(fitted).__name__} takes labels that are text")
        labels[column] = [float(label) for label in known if not np.isnan(label)]
    return [*where["encoder"], *where.get("numerical", [])], labels


def _nodes(predictor: Any, columns: list[int], labels: dict[int, list[float]]) -> Nodes:
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(np.bool_)
    feature = np.asarray(columns)[nodes["feature_idx"]]
    divided = {}
    for at in np.flatnonzero(~leaf & nodes["is_categorical"].astype(np.bool_)).tolist():
        words = predictor.raw_left_cat_bitsets[nodes["bitset_idx"][at]]
        codes = range(len(labels[int(feature[at])]))
        left = [code for code in codes if int(words[code // 32]) >> code % 32 & 1]
        divided[at] = [*left, int(_MISSING)] if nodes["missing_go_to_left"][at] else left
    return Nodes(
        feature=feature,
        threshold=np.where(leaf, 0.0, nodes["num_threshold"]),
        left=np.where(leaf, LEAF, nodes["left"].astype(np.int64)),
        right=np.where(leaf, LEAF, nodes["right"].astype(np.int64)),
        gaps_left=nodes["missing_go_to_left"].astype(np.bool_),
        value=np.asarray(nodes["value"], dtype=np.float64),
        labels=divided,
    )
