"""`TextTokens` and `TextVectors`: a pretrained model's tokenizer and its encoder, without its library."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from keepwell.deployment.scoring.heads.storage import keep
from keepwell.deployment.scoring.parts import Columns, Data, NotCompilableError, Read
from keepwell.features.networks.tokens import Tokens, joined
from keepwell.features.transforms.sentences import Encoder

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Pieces:
    """Splits the texts of a row.

    Args:
        read: Gives the bundle's files.
        file: The one with the tokenizer.
        length: Most pieces of a text.
    """

    compound: ClassVar[bool] = True

    def __init__(self, *, read: Read, file: str, length: int) -> None:
        self._tokens = Tokens(read(file).decode(), length)

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes] | None, where: str) -> Data:
        """Keep the tokenizer."""
        if files is None:
            raise NotCompilableError("a tokenizer is a file of its own")
        file = keep(files, "tokenizer.json", fitted.tokenizer.encode())
        return {"file": file, "length": int(fitted.length)}

    def row(self, values: list[Any]) -> list[Any]:
        """Split one row's texts."""
        pieces: list[Any] = self._tokens.filled(joined(values)).tolist()
        return pieces

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Split texts."""
        texts = [joined(row) for row in zip(*(c.tolist() for c in columns), strict=True)]
        rows = [self._tokens.filled(text) for text in texts]
        return np.array(rows) if rows else np.empty((0, self._tokens.length))


class Vectors:
    """Asks the encoder about the texts of a row.

    Args:
        read: Gives the bundle's files.
        file: The one with the tokenizer.
        graph: The one with the encoder.
        length: Most pieces of a text.
        width: Numbers of a vector.
    """

    compound: ClassVar[bool] = True

    def __init__(self, *, read: Read, file: str, graph: str, length: int, width: int) -> None:
        self._encoder = Encoder(read(graph), read(file).decode(), length)
        self._width = width

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes] | None, where: str) -> Data:
        """Keep the tokenizer and the encoder."""
        if files is None:
            raise NotCompilableError("an encoder is a file of its own")
        return {
            "file": keep(files, "tokenizer.json", fitted.tokenizer.encode()),
            "graph": keep(files, "encoder.onnx", fitted.graph.tobytes()),
            "length": int(fitted.length),
            "width": int(fitted.vector_width_),
        }

    def row(self, values: list[Any]) -> list[Any]:
        """Return the vector of one row's texts."""
        vector: list[Any] = self._encoder.vector(joined(values)).tolist()
        return vector

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Return the vectors of texts."""
        texts = [joined(row) for row in zip(*(c.tolist() for c in columns), strict=True)]
        rows = self._encoder.vectors(texts)
        return np.array(rows) if rows else np.empty((0, self._width))
