"""What a column means, decided when all of its rows were seen."""

import re
from dataclasses import dataclass

from keepwell.core.records.dataset import ColumnType
from keepwell.data.inference.readings import Storage

_FEW = 50  # so many distinct strings are categories whatever they look like
_ENOUGH = 20  # fewer values than this do not make an identifier
_UNIQUE = 0.98  # of an identifier's values are distinct
_PROSE = 2.0  # spaces in an average text
_LONG = 100  # characters: no name of anything is that long
_ID_NAME = re.compile(
    r"(?i:^(id|uuid|guid|key|index|row)$|[_\s-](id|uuid|guid|key)$)|[a-z](Id|ID|UUID)$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of a column's values.

    Attributes:
        values: How many there are, missing ones aside.
        distinct: How many different ones.
        spaces: Spaces in an average string.
        length: Its bytes.
        pictures: They are picture files in base64.
        lists: They are lists of numbers in JSON.
        steady: Whole numbers that only rise, or only fall, from row to row, none missing.
    """

    values: int
    distinct: int
    spaces: float = 0.0
    length: float = 0.0
    steady: bool = False
    pictures: bool = False
    lists: bool = False


_LISTS = "lists of numbers; to learn from them, give each number a column of its own"

_BY_STORAGE = {
    Storage.BOOLEAN: ColumnType.BOOLEAN,
    Storage.NUMBER: ColumnType.NUMBER,
    Storage.DATETIME: ColumnType.DATETIME,
    Storage.INSTANT: ColumnType.DATETIME,
}


def decide(name: str, storage: Storage, seen: Evidence) -> tuple[ColumnType, str]:
    """Return what a column means, and why, in words that continue the reason for its reading.

    >>> decide("customerID", Storage.STRING, Evidence(values=7043, distinct=7043))
    (<ColumnType.IDENTIFIER: 'identifier'>, 'every one of 7,043 values is different')
    """
    if storage is Storage.INTEGER:
        return _whole_number(name, seen)
    if storage is not Storage.STRING:
        return _BY_STORAGE[storage], ""
    if seen.pictures:
        return ColumnType.IMAGE, "picture files in base64"
    return _text(seen)


def _text(seen: Evidence) -> tuple[ColumnType, str]:
    if not seen.values:
        return ColumnType.CATEGORY, ""
    many = f"{seen.distinct:,} distinct values in {seen.values:,}"
    unique = seen.values >= _ENOUGH and seen.distinct >= _UNIQUE * seen.values
    if seen.lists and (unique or seen.distinct > _FEW):
        return ColumnType.IDENTIFIER, _LISTS
    if unique and seen.spaces < _PROSE / 2 and seen.length < _LONG:
        return ColumnType.IDENTIFIER, _how_unique(seen)
    if seen.distinct <= _FEW and not unique:
        return ColumnType.CATEGORY, many
    if seen.spaces >= _PROSE:
        return ColumnType.TEXT, f"{many}, of about {seen.spaces + 1:.0f} words each"
    if seen.distinct <= seen.values / 2 or seen.distinct <= _FEW:
        return ColumnType.CATEGORY, many
    return ColumnType.TEXT, f"{many}: too many for categories"


def _whole_number(name: str, seen: Evidence) -> tuple[ColumnType, str]:
    if seen.values >= _ENOUGH and seen.steady:
        return ColumnType.IDENTIFIER, "they only rise or only fall from row to row: a row number"
    if seen.values >= _ENOUGH and seen.distinct >= seen.values and _ID_NAME.search(name):
        return ColumnType.IDENTIFIER, f"{_how_unique(seen)}, and its name says so"
    return ColumnType.INTEGER, f"{seen.distinct:,} distinct"


def _how_unique(seen: Evidence) -> str:
    if seen.distinct >= seen.values:
        return f"every one of {seen.values:,} values is different"
    return f"{seen.distinct:,} of {seen.values:,} values are different"
