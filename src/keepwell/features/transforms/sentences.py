"""Texts by a pretrained model: as the numbers of their pieces, and as vectors of what they mean."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

import numpy as np

# Loaded only where a pipeline is built or read: never by `import keepwell`.
from sklearn.base import BaseEstimator, TransformerMixin  # noqa: TID253

from keepwell.features.networks.graph import Graph
from keepwell.features.networks.tokens import Tokens, joined

if TYPE_CHECKING:
    from numpy.typing import NDArray


def rows_of(X: Any) -> "Iterable[str]":
    """Return one text for each row of a frame, or of a column."""
    return map(joined, X.to_numpy().tolist()) if hasattr(X, "columns") else map(str, X)


class TextTokens(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Turn the texts of a row into the numbers of their word pieces, filled up with -1.

    Args:
        tokenizer: The contents of a `tokenizer.json`.
        length: Most pieces of a text.
    """

    def __init__(self, tokenizer: str = "", length: int = 128) -> None:
        self.tokenizer, self.length = tokenizer, length

    def fit(self, X: Any, y: Any = None) -> Self:
        """Note how many numbers a row becomes."""
        self.tokens_width_ = self.length
        return self

    def transform(self, X: Any) -> "NDArray[np.float32]":
        """Return a row of numbers for each row."""
        tokens = Tokens(self.tokenizer, self.length)
        rows = [tokens.filled(text) for text in rows_of(X)]
        return np.array(rows) if rows else np.empty((0, self.length), dtype=np.float32)


class TextVectors(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Turn the texts of a row into a vector, by the encoder of a pretrained model. Nothing is learnt.

    Args:
        tokenizer: The contents of a `tokenizer.json`.
        length: Most pieces of a text.
        graph: The encoder: ONNX, from pieces to a vector.
    """

    def __init__(self, tokenizer: str = "", length: int = 256, graph: Any = None) -> None:
        self.tokenizer, self.length, self.graph = tokenizer, length, graph

    def fit(self, X: Any, y: Any = None) -> Self:
        """Note how many numbers a row becomes."""
        self.vector_width_ = len(self._vectors([""])[0])
        return self

    def transform(self, X: Any) -> "NDArray[np.float32]":
        """Return a vector for each row."""
        rows = self._vectors(rows_of(X))
        return np.array(rows) if rows else np.empty((0, self.vector_width_), dtype=np.float32)

    def _vectors(self, texts: "Iterable[str]") -> "list[NDArray[np.float32]]":
        return encoder_of(self.graph.tobytes(), self.tokenizer, self.length).vectors(texts)


class Encoder:
    """A graph with its tokenizer. Safe for several threads.

    Args:
        graph: From pieces to a vector.
        tokenizer: The contents of a `tokenizer.json`.
        length: Most pieces of a text.
        remembered: Vectors that are kept, so that a text that comes again costs nothing.
    """

    def __init__(self, graph: bytes, tokenizer: str, length: int, remembered: int = 0) -> None:
        self._graph = Graph(graph)
        self._tokens = Tokens(tokenizer, length)
        self._known: dict[str, NDArray[np.float32]] = {}
        self._remembered = remembered

    def vector(self, text: str) -> "NDArray[np.float32]":
        """Return the vector of a text."""
        known = self._known.get(text)
        if known is None:
            known = np.array(self._graph.row(self._tokens.numbers(text)), dtype=np.float32)
            if len(self._known) < self._remembered:
                self._known[text] = known
        return known

    def vectors(self, texts: "Iterable[str]") -> "list[NDArray[np.float32]]":
        """Return the vectors of texts."""
        return [self.vector(text) for text in texts]


_REMEMBERED = 50_000  # texts of a training; folds ask for the same ones again
_opened: dict[tuple[int, str], Encoder] = {}


def encoder_of(graph: bytes, tokenizer: str, length: int) -> Encoder:
    """Return the encoder that this process trains with; the last one stays open."""
    import hashlib

    key = (length, hashlib.sha256(graph + tokenizer.encode()).hexdigest())
    if key not in _opened:
        _opened.clear()
        _opened[key] = Encoder(graph, tokenizer, length, _REMEMBERED)
    return _opened[key]
