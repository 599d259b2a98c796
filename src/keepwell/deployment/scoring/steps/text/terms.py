"""`TfidfVectorizer` and `CountVectorizer`: the terms of a text, counted and weighted."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Data, NotCompilableError, SparseOnlyError
from keepwell.deployment.scoring.steps.text.analysis import Analysis, analysis_of
from keepwell.deployment.scoring.steps.text.weights import Weights, weights_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST = 2**16
"""Columns up to which a row of them is held as it is; scikit-learn's sparse matrices go further."""


class Terms:
    """Counts the known terms of one text column and weights them.

    Args:
        vocabulary: The terms, in the order of their columns.
        analysis: Arguments of `Analysis`.
        binary: A term counts once, however often it is there.
        weights: Arguments of `Weights`; null for plain counts.
    """

    def __init__(
        self, *, vocabulary: list[str], analysis: Data, binary: bool, weights: Data | None
    ) -> None:
        self._slots = {term: slot for slot, term in enumerate(vocabulary)}
        self._analysis = Analysis(**analysis)
        self._binary = binary
        self._weights = None if weights is None else Weights(**weights)

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the vocabulary and the settings that a table of terms can express."""
        name = type(fitted).__name__
        weighs = hasattr(fitted, "use_idf")
        if np.dtype(fitted.dtype) not in (np.dtype(np.float64), np.dtype(np.int64)):
            raise NotCompilableError(f"{name} counts in {np.dtype(fitted.dtype)}")
        if not hasattr(fitted, "vocabulary_"):
            raise NotCompilableError(f"{name} was not fitted")
        if len(fitted.vocabulary_) > MOST:
            raise SparseOnlyError(f"{name} knows {len(fitted.vocabulary_):,} terms")
        return {
            "vocabulary": sorted(fitted.vocabulary_, key=fitted.vocabulary_.__getitem__),
            "analysis": analysis_of(fitted),
            "binary": bool(fitted.binary),
            "weights": weights_of(fitted) if weighs else None,
        }

    def row(self, values: list[Any]) -> list[Any]:
        """Weigh the terms of one text."""
        result = [0.0] * len(self._slots)
        counts: dict[int, float] = {}
        for term in self._analysis.terms(values[0]):
            slot = self._slots.get(term)
            if slot is not None:
                counts[slot] = 1.0 if self._binary else counts.get(slot, 0.0) + 1.0
        slots = sorted(counts)
        weights = [counts[slot] for slot in slots]
        if self._weights is not None:
            weights = self._weights.weigh(weights, slots)
        for slot, weight in zip(slots, weights, strict=True):
            result[slot] = weight
        return result

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Weigh the terms of texts."""
        result = np.empty((len(columns[0]), len(self._slots)))
        for at, text in enumerate(columns[0].tolist()):
            result[at] = self.row([text])
        return result
