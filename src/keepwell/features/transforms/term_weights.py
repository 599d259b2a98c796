"""TF-IDF of texts, with a vocabulary that is stored as one text."""

from typing import Any

# Loaded only where a pipeline is built or read: never by `import keepwell`.
from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: TID253

_BETWEEN = "\n"  # in no term: neither words nor letters within words hold white space but blanks


class TermWeights(TfidfVectorizer):  # type: ignore[misc]  # sklearn has no types
    """`TfidfVectorizer` of words, or of letters within words.

    A vocabulary of a hundred thousand terms, stored entry by entry, takes 100 MB and a minute to write;
    as one text it takes a megabyte.
    """

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        vocabulary = state.pop("vocabulary_", None)
        if vocabulary is not None:
            state["terms_"] = _BETWEEN.join(sorted(vocabulary, key=vocabulary.__getitem__))
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        rest = dict(state)
        terms = rest.pop("terms_", None)
        super().__setstate__(rest)
        if terms is not None:
            self.vocabulary_ = {term: at for at, term in enumerate(terms.split(_BETWEEN))}
