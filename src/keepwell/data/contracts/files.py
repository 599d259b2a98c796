"""The contract as a file: commented YAML that its user edits."""

import hashlib
import math
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from keepwell.core.errors import ProjectFileError
from keepwell.core.records.dataset import LEARNABLE, ColumnType
from keepwell.core.suggestions import did_you_mean
from keepwell.data.contracts.rules import ColumnRules, Contract

_HEAD = """\
# The contract of '{name}': what every batch must look like before a row of it is stored.
# Written from {rows:,} rows of {source}. It is yours from here on: edit it, commit it.
#
# A batch is refused as a whole, and nothing of it is stored, if one of these is broken:
#   type       integer, number, boolean, datetime, category, text or identifier
#   nullable   false: every row has a value
#   missing    the largest share of rows that may lack a value
#   min, max   the smallest and the largest value (numbers, or dates as 2024-02-13)
#   closed     true: no other categories than those under `values`
#   pattern    a regular expression that each value matches as a whole
#   unique     true: no value occurs twice
# And these only say what was seen:
#   usual      where 98% of the values lay. Straying is reported; a batch of which more than half lies
#              far outside is refused, since it is likely in another unit or another column
#   values     the categories. Others are reported
#   format     how dates or numbers are written, where it is not the plain way
# A column that is missing is refused; one that is new is taken in, and reported.

columns:
"""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf"}
_LONG_KEY = 500  # from 1,024 on YAML wants a question mark before a key
_SILENT = ColumnRules(type=ColumnType.TEXT)
_RANGED = (ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.DATETIME)


def render_contract(contract: Contract, *, name: str, rows: int, source: str) -> str:
    """Return the contract's file, explained in comments for whoever edits it."""
    one_line = " ".join(source.split())
    lines = [_HEAD.format(name=name, rows=rows, source=one_line).rstrip("\n")]
    for column, rules in contract.columns.items():
        key = _text(column)
        lines += [f"  ? {key}", "  :"] if len(key) > _LONG_KEY else [f"  {key}:"]
        lines += [f"    {key}: {value}" for key, value in _entries(rules)]
    return "\n".join(lines) + "\n"


def _entries(rules: ColumnRules) -> Iterator[tuple[str, str]]:
    """Yield the rules that say something, each as its key and its YAML."""
    yield "type", rules.type
    for key in _READERS:
        value = getattr(rules, key)
        if key == "type" or value == getattr(_SILENT, key):
            continue
        yield key, _yaml(value, words=key == "values")


def _yaml(value: Any, *, words: bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | int):
        return _number(value)
    if isinstance(value, tuple):
        return f"[{', '.join(_text(item) if words else _number(item) for item in value)}]"
    return _text(value)


def _text(text: str) -> str:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return text if plain else f'"{"".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    """Return a character as YAML's double quotes take it; JSON's would not do beyond U+FFFF."""
    if char in '"\\':
        return f"\\{char}"
    return char if char.isprintable() else f"\\U{ord(char):08x}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)  # noqa: PLR2004


def load_contract(path: Path) -> Contract:
    """Return the contract in a file.

    Raises:
        ProjectFileError: If it is no YAML, or holds an unknown rule or a wrong value; it names the line.
    """
    data = path.read_bytes()
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:  # every scalar stays text, so that the category `No` does not become False
        document = yaml.load(data, Loader=loader)  # noqa: S506 (the base loader makes no objects)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise _wrong(
            path,
            mark.line + 1 if mark else None,
            "it is not YAML",
            str(getattr(error, "problem", error)),
        ) from error
    parser = _Parser(path, data)
    return Contract(columns=parser.columns(document), digest=hashlib.sha256(data).hexdigest())


class _Parser:
    """Turns the document into rules, and complaints into lines."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path, self._data = path, data

    def columns(self, document: Any) -> dict[str, ColumnRules]:
        if not isinstance(document, Mapping) or not isinstance(document.get("columns"), Mapping):
            raise _wrong(
                self._path, 1, "it has no `columns`", "a contract is a list of columns with rules"
            )
        for key in document:
            if key != "columns":
                raise self._unknown([key], key, ["columns"])
        return {name: self._rules(name, entries) for name, entries in document["columns"].items()}

    def _rules(self, name: str, entries: Any) -> ColumnRules:
        if not isinstance(entries, Mapping) or "type" not in entries:
            raise self._complain(
                [name], f"'{name}' has no type", "each column needs one: `type: number`"
            )
        values: dict[str, Any] = {}
        for key, value in entries.items():
            read = _READERS.get(key)
            if read is None:
                raise self._unknown([name, key], key, _READERS)
            try:
                values[key] = read(value)
            except (ValueError, TypeError) as error:
                why = str(error)
                raise self._complain([name, key], f"`{key}` of '{name}' is wrong", why) from error
        rules = ColumnRules(**values)
        for key in ("min", "max", "usual"):
            if getattr(rules, key) is not None and rules.type not in _RANGED:
                raise self._complain(
                    [name, key], f"`{key}` of '{name}' cannot be", f"a {rules.type} has no order"
                )
        return rules

    def _unknown(self, trail: list[str], key: str, known: Any) -> ProjectFileError:
        hint = did_you_mean(key, known) or f"known: {', '.join(known)}"
        return self._complain(trail, f"there is no rule '{key}'", hint)

    def _complain(self, trail: list[str], what: str, why: str) -> ProjectFileError:
        trail = trail if trail[0] not in ("columns",) else trail[1:]
        return _wrong(self._path, _line_of(self._data, trail), what, why)


def _line_of(data: bytes, trail: list[str]) -> int | None:
    """Return the line of a key, looked up only when there is something to complain about."""
    node: Any = yaml.compose(data, Loader=yaml.SafeLoader)
    line = None
    for key in ("columns", *trail):
        for found, value in getattr(node, "value", []):
            if found.value == key:
                line, node = found.start_mark.line + 1, value
                break
            if found.value == trail[-1]:
                line = found.start_mark.line + 1
    return line


def _wrong(path: Path, line: int | None, what: str, why: str) -> ProjectFileError:
    where = f"{path.name}, line {line}" if line else path.name
    return ProjectFileError(
        f"{where}: {what}", why=why, now=f"edit {path}", details={"file": str(path), "line": line}
    )


def _boolean(value: Any) -> bool:
    if value not in ("true", "false"):
        raise ValueError(f"write true or false, not {value}")
    return bool(value == "true")


def _share(value: Any) -> float:
    share = float(value)
    if not 0 <= share <= 1:
        raise ValueError(f"a share is between 0 and 1, not {value}")
    return share


def _limit(value: Any) -> float | str:
    try:
        number = float(value)
    except ValueError:
        if re.fullmatch(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?", value):
            return str(value)
        raise ValueError(f"write a number, or a date as 2024-02-13, not {value}") from None
    if math.isnan(number):
        raise ValueError("NaN is no limit")
    return number


def _range(value: Any) -> tuple[float, float]:
    low, high = (float(item) for item in value)
    if not low < high:
        raise ValueError(f"write [low, high], not {value}")
    return low, high


def _type(value: Any) -> ColumnType:
    known = [item.value for item in LEARNABLE]
    try:
        return LEARNABLE[known.index(value)]
    except ValueError:
        hint = did_you_mean(str(value), known) or f"types are {', '.join(known)}"
        raise ValueError(f"there is no type '{value}'; {hint}") from None


def _categories(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("write a list: [red, green]")
    return tuple(str(item) for item in value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "type": _type,
    "format": str,
    "nullable": _boolean,
    "missing": _share,
    "min": _limit,
    "max": _limit,
    "usual": _range,
    "values": _categories,
    "closed": _boolean,
    "pattern": str,
    "unique": _boolean,
}
