"""Outcomes and predictions as the model's own labels: compared by what they mean, not how they are written.

A class `1` is meant by `1`, `1.0` and `"1"`; a class `True` by `true`, `"true"` and `1`.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

Label = str | int | float | bool


class Labels:
    """Reads JSON values as the classes of a model."""

    def __init__(self, classes: Sequence[Label]) -> None:
        self._texts = {_text(label): label for label in classes}
        numbers = {_number(label): label for label in classes}
        self._numbers = {} if None in numbers else numbers

    def of(self, value: Any) -> Label | None:
        """Return the class that a value means, None if it means none of them."""
        found = self._texts.get(_text(value))
        return found if found is not None else self._numbers.get(_number(value))

    def read(self, documents: pa.ChunkedArray) -> list[Label | None]:
        """Return the class of each JSON value of a column, None where it is none of them."""
        coded = documents.combine_chunks().dictionary_encode()
        meanings = [self.of(_value(text)) for text in coded.dictionary.to_pylist()]
        return [None if code is None else meanings[code] for code in coded.indices.to_pylist()]


def read_numbers(documents: pa.ChunkedArray) -> "NDArray[np.float64]":
    """Return the number of each JSON value of a column, nan where it is none."""
    values = [_number(_value(text)) for text in documents.to_pylist()]
    return np.asarray([np.nan if value is None else value for value in values], dtype=np.float64)


def label_texts(documents: pa.ChunkedArray) -> pa.Array:
    """Return each JSON value of a column as profiles write labels."""
    coded = documents.combine_chunks().dictionary_encode()
    texts = [_text(_value(text)) for text in coded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(coded.indices, pa.array(texts, pa.string()))


def _value(document: str | None) -> Any:
    return None if document is None else json.loads(document)


def _text(value: Any) -> str:
    if isinstance(value, list):  # of recommendations, the first speaks for the list
        first = value[0] if value else ""
        if isinstance(first, dict):
            return str(first.get("item", ""))
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None
