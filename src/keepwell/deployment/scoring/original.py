"""A pipeline that runs as it is: stored by skops, loaded only if every type in it was reviewed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import TrainingError
from keepwell.core.records import Signature, Task
from keepwell.deployment.scoring.compilation import class_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

TRUSTED = (
    # Plain containers.
    "collections.OrderedDict",
    "collections.defaultdict",
    # LightGBM keeps its booster as text and gives it to its own parser; nothing in it is run.
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "lightgbm.sklearn.LGBMRegressor",
    # Our own transformer holds lists of names.
    "keepwell.features.transforms.date_parts.DateParts",
    # Arrays of nodes. Scikit-learn checks the dtype and shape of what it restores, not the links between
    # nodes; the bundle's digest vouches that they are the ones that were fitted.
    "sklearn.tree._tree.Tree",
    "sklearn._loss.link.IdentityLink",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.link.MultinomialLogit",
    "sklearn._loss._loss.CyHalfBinomialLoss",
    "sklearn._loss._loss.CyHalfMultinomialLoss",
    "sklearn._loss._loss.CyHalfSquaredError",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss.loss.HalfMultinomialLoss",
    "sklearn._loss.loss.HalfSquaredError",
    "sklearn.linear_model._base.LinearModelLoss",
    "numpy.dtype",
)
"""Types beyond skops' own list that a stored pipeline may hold, each looked at: making one from stored
state runs no code that the state chooses."""


class Original:
    """Hands canonical values to the pipeline in the frame that it was fitted on.

    Args:
        pipeline: The fitted pipeline.
        signature: What it takes and gives.
    """

    def __init__(self, pipeline: Any, signature: Signature) -> None:
        self._pipeline = pipeline
        self._names = [field.name for field in signature.inputs]
        self._regression = signature.task is Task.REGRESSION
        self._order = [] if self._regression else class_order(pipeline.classes_.tolist(), signature)

    def row(self, values: Sequence[Any]) -> list[float]:
        """Answer one row."""
        answer: list[float] = self.batch([np.array([value]) for value in values])[0].tolist()
        return answer

    def batch(self, columns: "Sequence[NDArray[Any]]") -> "NDArray[np.float64]":
        """Answer rows."""
        import pandas as pd

        frame = pd.DataFrame(
            {
                name: pd.Series(column, dtype=object if column.dtype.kind in "OU" else float)
                for name, column in zip(self._names, columns, strict=True)
            }
        )
        if self._regression:
            return np.asarray(self._pipeline.predict(frame), dtype=np.float64).reshape(-1, 1)
        answer = np.asarray(self._pipeline.predict_proba(frame), dtype=np.float64)
        return answer[:, self._order]


def dump_pipeline(pipeline: Any) -> bytes:
    """Return a fitted pipeline as skops bytes.

    Raises:
        TrainingError: If it holds a type that `load_pipeline` would refuse.
    """
    import skops.io

    data: bytes = skops.io.dumps(pipeline)
    strange = sorted(set(skops.io.get_untrusted_types(data=data)) - set(TRUSTED))
    if strange:
        raise TrainingError(
            f"the pipeline holds types that Keepwell does not load: {', '.join(strange)}",
            why="loading a model must run no code that was not reviewed",
            now="use transformers of scikit-learn, LightGBM or Keepwell",
        )
    return data


def load_pipeline(data: bytes) -> Any:
    """Return the fitted pipeline of skops bytes, if every type in it was reviewed."""
    import skops.io

    return skops.io.loads(data, trusted=list(TRUSTED))


def modules_in(data: bytes) -> list[str]:
    """Return the modules that hold the types of a stored pipeline which skops does not know, sorted."""
    import skops.io

    return sorted({name.rpartition(".")[0] for name in skops.io.get_untrusted_types(data=data)})
