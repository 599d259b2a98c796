"""`TfidfVectorizer` and `CountVectorizer`: the terms of a text, counted and weighted."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Data, NotCompilableError, SparseOnlyError
from keepwell.deployment.scoring.steps.text.analysis import Analysis, analysis_of
from keepwell.deployment.scoring.steps.text.weights import Weights, weights_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST = 2**16
"""Columns up to which a row of them is held as it is; scikit-learn's sparse matrices go further."""


_REMEMBERED = 20_000  # words whose terms need not be looked up again
_USUAL = 20  # letters: longer words hardly come twice


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
        self._by_word: dict[str, tuple[int, ...]] = {}

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self._slots)

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the vocabulary and the settings that a table of terms can express."""
        if len(getattr(fitted, "vocabulary_", ())) > MOST:
            raise SparseOnlyError(
                f"{type(fitted).__name__} knows {len(fitted.vocabulary_):,} terms"
            )
        return cls.settings(fitted)

    @classmethod
    def settings(cls, fitted: Any) -> Data:
        """Read it, however many terms there are."""
        name = type(fitted).__name__
        weighs = hasattr(fitted, "use_idf")
        if np.dtype(fitted.dtype) not in (np.dtype(np.float64), np.dtype(np.int64)):
            raise NotCompilableError(f"{name} counts in {np.dtype(fitted.dtype)}")
        if not hasattr(fitted, "vocabulary_"):
            raise NotCompilableError(f"{name} was not fitted")
        return {
            "vocabulary": sorted(fitted.vocabulary_, key=fitted.vocabulary_.__getitem__),
            "analysis": analysis_of(fitted),
            "binary": bool(fitted.binary),
            "weights": weights_of(fitted) if weighs else None,
        }

    def row(self, values: list[Any]) -> list[Any]:
        """Weigh the terms of one text."""
        result = [0.0] * len(self._slots)
        for slot, weight in zip(*self.counts(values[0]), strict=True):
            result[slot] = weight
        return result

    def counts(self, text: Any) -> tuple[list[int], list[float]]:
        """Return the columns of the terms that a text has, each once, and their weights."""
        words = self._analysis.words(text)
        if words is None:
            found = self._known(self._analysis.terms(text))
        else:
            found = []
            for word in words:
                known = self._by_word.get(word)
                found += self._learnt(word) if known is None else known
        tally = Counter(found)
        slots = list(tally)
        weights = [1.0] * len(slots) if self._binary else [float(n) for n in tally.values()]
        if self._weights is not None:
            weights = self._weights.weigh(weights, slots)
        return slots, weights

    def _known(self, terms: list[str]) -> list[int]:
        return [slot for slot in map(self._slots.get, terms) if slot is not None]

    def _learnt(self, word: str) -> tuple[int, ...]:
        """Return the columns of a word's terms; the words of a language come again and again."""
        terms = self._analysis.within(word)
        found = tuple(self._known(terms))
        if len(self._by_word) < _REMEMBERED and len(word) <= _USUAL:
            self._by_word[word] = found
        return found

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Weigh the terms of texts."""
        result = np.empty((len(columns[0]), len(self._slots)))
        for at, text in enumerate(columns[0].tolist()):
            result[at] = self.row([text])
        return result
