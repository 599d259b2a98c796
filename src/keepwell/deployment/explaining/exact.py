"""Contributions that are read off the model itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.explaining.origins import origins_of
from keepwell.deployment.scoring.compilation import Compiled
from keepwell.deployment.scoring.heads.transformed import Transformed
from keepwell.deployment.scoring.parts import Additive, Head

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

TOLERANCE = 1e-9
_PAIR = 2
_TRIED = 4  # typical rows on which the sums are tried before a model is taken for an exact one


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """By row and output: what each column added, to which base, and what it comes to.

    Two classes may have one output, the second's.
    """

    values: "NDArray[np.float64]"
    base: "NDArray[np.float64]"
    output: "NDArray[np.float64]"
    scale: str
    method: str
    two_classes: bool


class Exact:
    """Explains a compiled model each of whose features comes from one column.

    Args:
        model: The model.
        head: Its estimator, the one that adds up.
        origins: The column of each feature.
        width: Number of columns.
        typical: Rows that stand for all rows.
    """

    def __init__(
        self,
        model: Compiled,
        head: Additive,
        origins: Sequence[int],
        width: int,
        typical: "Sequence[NDArray[Any]]",
    ) -> None:
        self._model = model
        self._head = head
        self._fold = np.zeros((len(origins), width))
        self._fold[np.arange(len(origins)), list(origins)] = 1.0
        self._typical = np.asarray(model.features(typical), dtype=np.float64)

    @classmethod
    def of(
        cls, scorer: "Mapping[str, Any]", model: Any, typical: "Sequence[NDArray[Any]]"
    ) -> "Exact | None":
        """Return how to explain a model exactly; None if it cannot be.

        Args:
            scorer: The data that the model was built from.
            model: The model.
            typical: Rows that stand for all rows, one array a column.
        """
        head = _innermost(model.head) if isinstance(model, Compiled) else None
        if head is None or not isinstance(head, Additive):
            return None
        origins = origins_of(scorer)
        if origins is None:
            return None
        features = model.features([column[:1] for column in typical])
        if features.shape[1] != len(origins):
            return None
        made = cls(model, head, origins, len(typical), typical)
        few = [column[:_TRIED] for column in typical]
        return made if made.explain(few) is not None else None

    def explain(self, columns: "Sequence[NDArray[Any]]") -> Parts | None:
        """Return the parts of rows; None if they do not add up to the model's own output."""
        features = np.asarray(self._model.features(columns), dtype=np.float64)
        output = self._head.margin(features)
        parts = self._head.contributions(features, self._typical)
        order = self._model.order
        if order is not None and output.shape[1] == len(order):
            output, parts = output[:, order], parts[:, order]
        elif order is not None and output.shape[1] == 1:  # the second class is the head's first
            output, parts = -output, -parts
        error = np.abs(parts.sum(axis=2) - output)
        if not np.all(error <= TOLERANCE * np.maximum(1.0, np.abs(output))):
            return None
        answers = self._model.batch(columns)
        return Parts(
            values=parts[:, :, :-1] @ self._fold,
            base=parts[:, :, -1],
            output=output,
            scale=_scale(output, answers),
            method=self._head.method,
            two_classes=answers.shape[1] == _PAIR,
        )


def _scale(output: "NDArray[np.float64]", answers: "NDArray[np.float64]") -> str:
    if answers.shape[1] == 1:
        return "value" if np.allclose(output, answers, rtol=1e-9, atol=1e-9) else "score"
    if answers.shape[1] == _PAIR and output.shape[1] == 1:
        with np.errstate(over="ignore"):
            likely = 1.0 / (1.0 + np.exp(-output[:, 0]))
        return "log-odds" if np.allclose(likely, answers[:, 1], atol=1e-9) else "score"
    return "score"


def _innermost(head: Head) -> Head:
    while isinstance(head, Transformed):
        head = head.inner
    return head
