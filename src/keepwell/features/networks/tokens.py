"""Texts as the numbers of their word pieces, by the tokenizer of a pretrained model.

Only its own library, `tokenizers`, is needed: neither transformers nor PyTorch.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import InvalidDataError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FILLING = -1.0


class Tokens:
    """Splits texts.

    Args:
        tokenizer: The contents of a `tokenizer.json`.
        length: Most pieces of a text; what is beyond is not read.

    Raises:
        InvalidDataError: If the library cannot read it.
        MissingExtraError: If it is not installed.
    """

    def __init__(self, tokenizer: str, length: int) -> None:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise MissingExtraError("the tokenizer of a pretrained model", extra="nlp") from error
        try:
            self._tokenizer = Tokenizer.from_str(tokenizer)
        except Exception as error:  # it raises plain exceptions
            raise InvalidDataError(
                "the tokenizer of the pretrained model cannot be read",
                why=str(error)[:200],
                now="save it again: tokenizer.save_pretrained(folder)",
            ) from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(length)
        self.length = length

    def numbers(self, text: str) -> "NDArray[np.float32]":
        """Return the pieces of a text; one at least."""
        found = self._tokenizer.encode(text).ids[: self.length] or [0]
        return np.array(found, dtype=np.float32)

    def filled(self, text: str) -> "NDArray[np.float32]":
        """Return the same, filled up to the same length for every text."""
        row = np.full(self.length, FILLING, dtype=np.float32)
        found = self.numbers(text)
        row[: len(found)] = found
        return row


def joined(values: "Sequence[Any]") -> str:
    """Return the texts of a row as one."""
    return "\n".join(value for value in values if isinstance(value, str) and value)
