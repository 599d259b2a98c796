"""Cells that come as text, because their format knows nothing else: read as their column's type.

    read = written_reader(signature.inputs)
    read({"age": "41", "member": "yes", "colour": "7"})   # {"age": 41, "member": True, "colour": "7"}

What cannot be read stays as it is, so that the decoder refuses it in the words it has for that.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from keepwell.core.records import ColumnType, Field

_TRUE = frozenset({"true", "yes", "1", "1.0"})
_FALSE = frozenset({"false", "no", "0", "0.0"})
_ABSENT = frozenset({"", "na", "n/a", "nan", "null", "none"})


def written_reader(fields: Iterable[Field]) -> Callable[[Mapping[str, str]], dict[str, Any]]:
    """Return a function that reads rows of text; columns that are no inputs stay text."""
    readers = {field.name: _READERS[field.type] for field in fields}

    def read(row: Mapping[str, str]) -> dict[str, Any]:
        return {name: readers.get(name, _as_it_is)(text) for name, text in row.items()}

    return read


def _as_it_is(text: str) -> str:
    return text


def _number(text: str) -> Any:
    bare = text.strip()
    if bare.lower() in _ABSENT:
        return None
    try:
        return int(bare) if bare.lstrip("+-").isdecimal() else _float(bare)
    except ValueError:  # no number, or one of more digits than Python reads
        return text


def _float(text: str) -> Any:
    return text if "_" in text else float(text)


def _boolean(text: str) -> Any:
    word = text.strip().lower()
    if word in _ABSENT:
        return None
    return word in _TRUE if word in _TRUE or word in _FALSE else text


def _absent_if_empty(text: str) -> Any:
    return text or None


def _datetime(text: str) -> Any:
    return None if text.strip().lower() in _ABSENT else text


_READERS: dict[ColumnType, Callable[[str], Any]] = {
    ColumnType.NUMBER: _number,
    ColumnType.INTEGER: _number,
    ColumnType.BOOLEAN: _boolean,
    ColumnType.CATEGORY: _absent_if_empty,
    ColumnType.TEXT: _as_it_is,
    ColumnType.IMAGE: _as_it_is,
    ColumnType.DATETIME: _datetime,
    ColumnType.IDENTIFIER: _absent_if_empty,
    ColumnType.EMBEDDING: _as_it_is,
}
