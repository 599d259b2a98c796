"""The terms of a text: words or characters, one by one or in runs."""

import re
import unicodedata
from typing import Any

from keepwell.core.errors import InvalidRequestError
from keepwell.deployment.scoring.parts import Data, NotCompilableError

_GAPS = re.compile(r"\s\s+")


class Analysis:
    """Splits texts.

    Args:
        analyzer: `word`, `char`, or `char_wb` for characters within words.
        pattern: What a word is, as a regular expression; null for characters.
        lowercase: Whether case is ignored.
        accents: `unicode` or `ascii` if accents are taken off, else null.
        ngrams: Fewest and most words or characters of a term.
        stop_words: Words that are left out.
    """

    def __init__(
        self,
        *,
        analyzer: str,
        pattern: str | None,
        lowercase: bool,
        accents: str | None,
        ngrams: list[int],
        stop_words: list[str],
    ) -> None:
        self._words = re.compile(pattern or "").findall
        self._lowercase, self._accents = lowercase, accents
        self._fewest, self._most = ngrams
        self._stop_words = frozenset(stop_words)
        self._apart = analyzer == "char_wb"
        self._runs = {"word": self._of_words, "char": self._of_characters}.get(
            analyzer, self._within_words
        )

    def terms(self, text: Any) -> list[str]:
        """Return the terms of a text, in the order and as often as they are there.

        Raises:
            InvalidRequestError: If it is not a text.
        """
        return self._runs(self._cleaned(text))

    def words(self, text: Any) -> list[str] | None:
        """Return the words, each of which has terms of its own (`within`); None where terms span words."""
        return self._cleaned(text).split() if self._apart else None

    def _cleaned(self, text: Any) -> str:
        if not isinstance(text, str):
            raise InvalidRequestError(
                f"the model takes a text, got {text!r:.80}",
                why="it looks for words in that column",
                now="send a text; an empty one where there is none",
            )
        if self._lowercase:
            text = text.lower()
        if self._accents:
            text = _without_accents(text, self._accents)
        return str(text)

    def _of_words(self, text: str) -> list[str]:
        words: list[str] = self._words(text)
        if self._stop_words:
            words = [word for word in words if word not in self._stop_words]
        if self._most == 1:
            return words
        terms: list[str] = []
        for size in range(self._fewest, min(self._most, len(words)) + 1):
            shifted = [words[at:] for at in range(size)]
            terms += map(" ".join, zip(*shifted, strict=False)) if size > 1 else words
        return terms

    def _of_characters(self, text: str) -> list[str]:
        text = _GAPS.sub(" ", text)
        terms = []
        for size in range(self._fewest, min(self._most, len(text)) + 1):
            terms += [text[at : at + size] for at in range(len(text) - size + 1)]
        return terms

    def _within_words(self, text: str) -> list[str]:
        return [term for word in text.split() for term in self.within(word)]

    def within(self, word: str) -> list[str]:
        """Return the runs of characters of one word."""
        terms: list[str] = []
        padded = f" {word} "
        for size in range(self._fewest, self._most + 1):
            terms += [padded[at : at + size] for at in range(max(1, len(padded) - size + 1))]
            if size >= len(padded):  # a short word counts once
                break
        return terms


def analysis_of(fitted: Any) -> Data:
    """Return the arguments of `Analysis` for a vectorizer.

    Raises:
        NotCompilableError: If it has code of its own.
    """
    own = [name for name in ("preprocessor", "tokenizer") if getattr(fitted, name) is not None]
    if own or callable(fitted.analyzer) or callable(fitted.strip_accents):
        raise NotCompilableError(f"{type(fitted).__name__} has its own way to find words")
    words = fitted.analyzer == "word"
    if words and re.compile(fitted.token_pattern).groups > 1:
        raise NotCompilableError(f"{type(fitted).__name__} has a pattern of several groups")
    return {
        "analyzer": fitted.analyzer,
        "pattern": fitted.token_pattern if words else None,
        "lowercase": bool(fitted.lowercase),
        "accents": fitted.strip_accents,
        "ngrams": [int(size) for size in fitted.ngram_range],
        "stop_words": sorted(fitted.get_stop_words() or ()) if words else [],
    }


def _without_accents(text: str, form: str) -> str:
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    if form == "ascii":
        return decomposed.encode("ascii", "ignore").decode("ascii")
    return "".join(char for char in decomposed if not unicodedata.combining(char))
