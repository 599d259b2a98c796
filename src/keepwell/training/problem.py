"""What is to be learnt, in the form that learners and the search work with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.features import AS_USUAL, FeaturesSpec
from keepwell.core.records import Signature, Task
from keepwell.features.decisions import decided
from keepwell.tracking.metrics.catalog import headlines
from keepwell.tracking.metrics.measures import measure_codes, measure_numbers

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Rows after preparation.

    Attributes:
        values: NumPy array, or a SciPy sparse matrix where text makes it so.
        categorical: Positions of the columns that hold codes of categories (trees only).
    """

    values: Any
    categorical: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """All rows that may be learnt from (test rows are not among them).

    Attributes:
        signature: Inputs, task and classes.
        frame: The canonical frame.
        target: Codes of classes, or numbers, by row.
        weights: How much each row counts; None: all the same.
        metric: What is optimised.
        seed: Of every random choice.
        jobs: Threads to use.
        budget: Seconds of the whole search; a learner that is given time takes a share of it.
        features: How columns are prepared beyond the usual, and what is derived from them.
        lots: By row: the rows of a fold with the largest say when to stop; None: drawn by the seed.
        text_model: Folder of a pretrained model of texts; empty: none.
        text_labels: What classes are in words, where their names do not say.
        image_model: Folder, or file of weights, of one of pictures; empty: none.
        folder: Where long fits may keep checkpoints; empty: nowhere.
    """

    signature: Signature
    frame: "pd.DataFrame"
    target: "NDArray[Any]"
    weights: "NDArray[np.float64] | None"
    metric: str
    seed: int
    jobs: int
    budget: float = 60.0
    features: FeaturesSpec = AS_USUAL
    lots: "NDArray[np.float64] | None" = None
    text_model: str = ""
    text_labels: Mapping[str, str] = field(default_factory=dict)
    image_model: str = ""
    folder: str = ""

    @property
    def task(self) -> Task:
        """What is predicted."""
        return self.signature.task

    @property
    def classes(self) -> int:
        """Number of classes; 0 for regression."""
        return len(self.signature.classes)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.target)

    def measure(self, actual: "NDArray[Any]", answer: "NDArray[np.float64]") -> dict[str, float]:
        """Return the usual metrics, and the one that is optimised, of an answer as `answer_of` gives it."""
        only = {*headlines(self.task), self.metric}
        if self.task.numeric:
            return measure_numbers(actual, answer, self.task, only=only)
        return measure_codes(
            actual, decided(self.signature, answer), answer, self.classes, only=only
        )


def answer_of(model: Any, values: Any, classes: int) -> "NDArray[np.float64]":
    """Return predicted numbers, or probabilities of every class, also of ones unseen in a fold."""
    if not classes:
        return np.asarray(model.predict(values), dtype=np.float64)
    given = np.asarray(model.predict_proba(values), dtype=np.float64)
    if given.shape[1] == classes:
        return given
    whole = np.zeros((len(given), classes))
    whole[:, np.asarray(model.classes_, dtype=np.int64)] = given
    return whole
