"""`TfidfVectorizer` and `CountVectorizer`: the words of a text, counted and weighted."""

import math
import re
import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Data, NotCompilableError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Terms:
    """Counts the known terms of one text column and weights them.

    Args:
        vocabulary: The terms, in the order of their columns.
        pattern: What a word is, as a regular expression.
        lowercase: Whether case is ignored.
        accents: `unicode` or `ascii` if accents are taken off, else null.
        ngrams: Fewest and most words of a term.
        stop_words: Words that are left out.
        binary: A term counts once, however often it is there.
        sublinear: Counts grow as 1 + log(count).
        idf: Weight of each term; null for none.
        norm: `l1`, `l2` or null.
    """

    def __init__(  # noqa: PLR0913 (each is a setting of the original)
        self,
        *,
        vocabulary: list[str],
        pattern: str,
        lowercase: bool,
        accents: str | None,
        ngrams: list[int],
        stop_words: list[str],
        binary: bool,
        sublinear: bool,
        idf: list[float] | None,
        norm: str | None,
    ) -> None:
        self._slots = {term: slot for slot, term in enumerate(vocabulary)}
        self._words = re.compile(pattern).findall
        self._lowercase, self._accents = lowercase, accents
        self._fewest, self._most = ngrams
        self._stop_words = frozenset(stop_words)
        self._binary, self._sublinear, self._idf, self._norm = binary, sublinear, idf, norm

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the vocabulary and the settings that a table of terms can express."""
        own = [name for name in ("preprocessor", "tokenizer") if getattr(fitted, name) is not None]
        if own or fitted.analyzer != "word" or callable(fitted.strip_accents):
            raise NotCompilableError(f"{type(fitted).__name__} has its own way to find words")
        if fitted.dtype != (np.float64 if hasattr(fitted, "idf_") else fitted.dtype):
            raise NotCompilableError(f"{type(fitted).__name__} counts in {fitted.dtype}")
        if re.compile(fitted.token_pattern).groups > 1:
            raise NotCompilableError(f"{type(fitted).__name__} has a pattern of several groups")
        weighted = getattr(fitted, "use_idf", False)
        return {
            "vocabulary": sorted(fitted.vocabulary_, key=fitted.vocabulary_.__getitem__),
            "pattern": fitted.token_pattern,
            "lowercase": bool(fitted.lowercase),
            "accents": fitted.strip_accents,
            "ngrams": list(fitted.ngram_range),
            "stop_words": sorted(fitted.get_stop_words() or ()),
            "binary": bool(fitted.binary),
            "sublinear": bool(getattr(fitted, "sublinear_tf", False)),
            "idf": fitted.idf_.tolist() if weighted else None,
            "norm": getattr(fitted, "norm", None),
        }

    def row(self, values: list[Any]) -> list[Any]:
        """Weigh the terms of one text."""
        result = [0.0] * len(self._slots)
        counts: dict[int, float] = {}
        for term in self._terms(values[0]):
            slot = self._slots.get(term)
            if slot is not None:
                counts[slot] = counts.get(slot, 0.0) + 1.0
        if not counts:
            return result
        slots = sorted(counts)
        for slot, weight in zip(slots, self._weigh(counts, slots), strict=True):
            result[slot] = weight
        return result

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Weigh the terms of texts."""
        return np.array([self.row([text]) for text in columns[0].tolist()]).reshape(
            -1, len(self._slots)
        )

    def _terms(self, text: str) -> list[str]:
        if self._lowercase:
            text = text.lower()
        if self._accents:
            text = _without_accents(text, self._accents)
        words = self._words(text)
        if self._stop_words:
            words = [word for word in words if word not in self._stop_words]
        if self._most == 1:
            return list(words)
        terms = []
        for size in range(self._fewest, min(self._most, len(words)) + 1):
            terms += [" ".join(words[at : at + size]) for at in range(len(words) - size + 1)]
        return terms

    def _weigh(self, counts: dict[int, float], slots: list[int]) -> list[float]:
        weights = [1.0] * len(slots) if self._binary else [counts[slot] for slot in slots]
        if self._sublinear:
            weights = [math.log(weight) + 1.0 for weight in weights]
        if self._idf is not None:
            weights = [w * self._idf[slot] for w, slot in zip(weights, slots, strict=True)]
        if self._norm == "l2":
            length = math.sqrt(sum([weight * weight for weight in weights]))
        elif self._norm == "l1":
            length = sum([abs(weight) for weight in weights])
        else:
            return weights
        return [weight / length for weight in weights]


def _without_accents(text: str, form: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    if form == "ascii":
        return decomposed.encode("ascii", "ignore").decode("ascii")
    return "".join(char for char in decomposed if not unicodedata.combining(char))
