"""`MissingIndicator`: where values are missing."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import InvalidRequestError
from keepwell.deployment.scoring.parts import Columns, Data
from keepwell.deployment.scoring.steps.missing import Gap, gap_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Gaps:
    """Flags gaps with 1.

    Args:
        columns: Positions of the columns that are flagged.
        refused: Positions of the columns in which a gap is refused.
        gap: Arguments of `Gap`.
    """

    def __init__(self, *, columns: list[int], refused: list[int], gap: Data) -> None:
        self._columns, self._refused = columns, refused
        self._gap = Gap(**gap)

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read which columns had gaps."""
        flagged = fitted.features_.tolist()
        strict = fitted.features == "missing-only" and fitted.error_on_new
        others = sorted(set(range(fitted.n_features_in_)) - set(flagged)) if strict else []
        return {"columns": flagged, "refused": others, "gap": gap_of(fitted)}

    def row(self, values: list[Any]) -> list[Any]:
        """Flag one row."""
        is_gap = self._gap.is_gap
        for at in self._refused:
            if is_gap(values[at]):
                raise _refusal(at)
        return [1.0 if is_gap(values[at]) else 0.0 for at in self._columns]

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Flag rows."""
        for at in self._refused:
            if self._gap.mask(columns[at]).any():
                raise _refusal(at)
        result = np.empty((len(columns[0]), len(self._columns)))
        for slot, at in enumerate(self._columns):
            result[:, slot] = self._gap.mask(columns[at])
        return result


def _refusal(column: int) -> InvalidRequestError:
    return InvalidRequestError(
        f"a value is missing in column {column + 1} of those that the model looks at for gaps",
        why="it was fitted to refuse gaps in columns that had none in training",
        now="send the value",
    )
