"""The first lines of delimited text: which delimiter, which names."""

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

from keepwell.core.errors import InvalidDataError

_DELIMITERS = ",;\t|"
_LOOK_AT = 50  # rows that tell the delimiter


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What stands above the rows.

    Attributes:
        names: The columns.
        delimiter: What separates values.
        lines: Lines before the first row of values.
        records: The same, where a quoted name that runs over several lines counts as one.
        unnamed: How many columns had no name.
    """

    names: tuple[str, ...]
    delimiter: str
    lines: int
    records: int
    unnamed: int = 0


def read_header(path: Path, text: str) -> Header:
    """Return the header of a file from the text that it begins with.

    Raises:
        InvalidDataError: If there is none: no text, JSON, numbers instead of names, or a name twice.
    """
    if not text.strip():
        raise InvalidDataError(
            f"{path} is empty",
            why="it holds nothing but white space",
            now="export it again, or leave it out of the source",
        )
    _refuse_json(path, text)
    delimiter = find_delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        records, names = next(
            (number, row)
            for number, row in enumerate(reader, start=1)
            if any(name.strip() for name in row)
        )
    except csv.Error as error:
        raise InvalidDataError(
            f"{path} has no header that can be read",
            why=str(error),
            now="make its first line the columns' names",
        ) from error
    lines = reader.line_num
    _refuse_values(path, names)
    named = tuple(name or f"column_{place}" for place, name in enumerate(names, start=1))
    _refuse_duplicates(path, named)
    return Header(
        names=named,
        delimiter=delimiter,
        lines=lines,
        records=records,
        unnamed=names.count(""),
    )


def find_delimiter(text: str) -> str:
    """Return the delimiter that gives every row as many values as the first; `,` if none does.

    >>> find_delimiter("price;name" + chr(10) + "1,50;apple" + chr(10))
    ';'
    """
    return max(_DELIMITERS, key=lambda delimiter: _score(text, delimiter))


def _score(text: str, delimiter: str) -> tuple[float, int]:
    widths: list[int] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if row:
                widths.append(len(row))
            if len(widths) > _LOOK_AT:
                break
    except csv.Error:
        return 0.0, 0
    if len(widths) > 1:
        widths.pop()  # the head may end within it
    if not widths or widths[0] == 1:
        return 0.0, 0
    return round(widths.count(widths[0]) / len(widths), 1), widths[0]


def _refuse_json(path: Path, text: str) -> None:
    line = text.lstrip().partition("\n")[0]
    if not line.startswith(("{", "[")):
        return
    try:
        json.loads(line)
    except ValueError:
        return
    raise InvalidDataError(
        f"{path} is not what its name says",
        why=f"it ends with {path.suffix}, but holds JSON",
        now=f"rename it to {path.with_suffix('.jsonl').name}, if each line is one object",
    )


def _refuse_values(path: Path, names: list[str]) -> None:
    def is_number(text: str) -> bool:
        try:
            float(text)
        except ValueError:
            return False
        return True

    if all(is_number(name) for name in names):
        raise InvalidDataError(
            f"{path} has no header",
            why=f"its first line holds numbers where the columns' names belong: {', '.join(names[:5])}",
            now="write the columns' names into the first line",
        )


def _refuse_duplicates(path: Path, names: tuple[str, ...]) -> None:
    if len(set(names)) == len(names):
        return
    twice = sorted({name for name in names if names.count(name) > 1})
    places = [place for place, name in enumerate(names, start=1) if name == twice[0]]
    raise InvalidDataError(
        f"{path} has more than one column called '{twice[0]}'"
        + (f", and {len(twice) - 1} more such names" if len(twice) > 1 else ""),
        why=f"they are columns {', '.join(map(str, places))}; each column needs a name of its own",
        now="rename them in the first line",
        details={"names": twice},
    )
