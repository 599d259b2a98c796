"""`TargetEncoder`: the mean of the target among the rows of each label."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Data
from keepwell.deployment.scoring.steps.labels import ask, is_nan, known_labels, unseen_label

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Target:
    """Gives each label its numbers: one, or one per class of the target.

    Args:
        columns: By column: `labels`, the `numbers` of each, those of a `nan`, and of an `unseen` label.
    """

    def __init__(self, *, columns: list[Data]) -> None:
        self._tables: list[tuple[dict[Any, list[float]], list[float], list[float]]] = [
            (dict(zip(c["labels"], c["numbers"], strict=True)), c["nan"], c["unseen"])
            for c in columns
        ]

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Ask the encoder for every label, for a nan and for a label it has never seen."""
        known = known_labels(fitted)
        width = len(fitted.classes_) if fitted.target_type_ == "multiclass" else 1
        answers = ask(fitted, known)
        unseen = ask(fitted, [[unseen_label(fitted, at)] for at in range(len(known))])[0]
        nans = ask(fitted, [[float("nan")]] * len(known))[0]
        columns = []
        for at, labels in enumerate(known):
            block = slice(at * width, (at + 1) * width)
            pairs = list(zip(labels, answers[: len(labels), block].tolist(), strict=True))
            columns.append(
                {
                    "labels": [label for label, _ in pairs if not is_nan(label)],
                    "numbers": [numbers for label, numbers in pairs if not is_nan(label)],
                    "nan": nans[block].tolist(),
                    "unseen": unseen[block].tolist(),
                }
            )
        return {"columns": columns}

    def row(self, values: list[Any]) -> list[Any]:
        """Encode one row."""
        result: list[float] = []
        for value, (table, nan, unseen) in zip(values, self._tables, strict=True):
            found = table.get(value)
            result += found if found is not None else nan if is_nan(value) else unseen
        return result

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Encode rows."""
        blocks = [
            np.array(
                [table.get(v) or (nan if is_nan(v) else unseen) for v in column.tolist()]
            ).reshape(len(column), -1)
            for column, (table, nan, unseen) in zip(columns, self._tables, strict=True)
        ]
        return np.hstack(blocks)
