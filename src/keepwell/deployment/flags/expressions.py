"""Conditions on a row, as frozen values: parsed once, asked for every row.

>>> from keepwell.deployment.flags.parsing import parse
>>> condition = parse("country in ('DE', 'AT') and not tenure < 6")
>>> condition.holds({"country": "AT", "tenure": 7}), condition.holds({"country": "AT"})
(True, True)

A column that a row lacks is `null`. `null` equals only `null`, and is neither more nor less than anything;
values of different kinds (a text and a number) are never equal and have no order.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
Value = str | int | float | bool | None

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
COMPARISONS = ("==", "!=", *_ORDERS)


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in the condition."""

    value: Value

    def of(self, row: Row) -> Any:
        """Return it, whatever the row is."""
        return self.value

    def __str__(self) -> str:
        return _written(self.value)


_PLAIN = re.compile(r"[^\W\d]\w*")  # what the reader takes for a name without quotes


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the row."""

    name: str

    def of(self, row: Row) -> Any:
        """Return what the row has there, None if nothing."""
        return row.get(self.name)

    def __str__(self) -> str:
        plain = _PLAIN.fullmatch(self.name) and self.name not in WORDS
        return self.name if plain else "`" + self.name.replace("`", "``") + "`"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values compared."""

    left: Literal | Column
    sign: str
    right: Literal | Column

    def holds(self, row: Row) -> bool:
        """Tell whether it holds for a row."""
        left, right = self.left.of(row), self.right.of(row)
        if self.sign == "==":
            return _same(left, right)
        if self.sign == "!=":
            return not _same(left, right)
        kind = _kind(left)
        return kind != "" and kind == _kind(right) and _ORDERS[self.sign](left, right)

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right}"


@dataclass(frozen=True, slots=True)
class Membership:
    """A value among others."""

    item: Literal | Column
    among: tuple[Value, ...]

    def holds(self, row: Row) -> bool:
        """Tell whether it holds for a row."""
        value = self.item.of(row)
        return any(_same(value, other) for other in self.among)

    def __str__(self) -> str:
        return f"{self.item} in ({', '.join(map(_written, self.among))})"


@dataclass(frozen=True, slots=True)
class Truth:
    """A column that is true by itself."""

    column: Literal | Column

    def holds(self, row: Row) -> bool:
        """Tell whether it holds for a row."""
        return self.column.of(row) is True

    def __str__(self) -> str:
        return str(self.column)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    part: "Condition"

    def holds(self, row: Row) -> bool:
        """Tell whether it holds for a row."""
        return not self.part.holds(row)

    def __str__(self) -> str:
        return f"not {_inside(self.part)}"


@dataclass(frozen=True, slots=True)
class Every:
    """All of several."""

    parts: "tuple[Condition, ...]"

    def holds(self, row: Row) -> bool:
        """Tell whether it holds for a row."""
        return all(part.holds(row) for part in self.parts)

    def __str__(self) -> str:
        return " and ".join(map(_inside, self.parts))


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of several."""

    parts: "tuple[Condition, ...]"

    def holds(self, row: Row) -> bool:
        """Tell whether it holds for a row."""
        return any(part.holds(row) for part in self.parts)

    def __str__(self) -> str:
        return " or ".join(map(_inside, self.parts))


Condition = Comparison | Membership | Truth | Not | Every | Some

WORDS = frozenset({"and", "or", "not", "in", "true", "false", "null"})
"""Words of the language; a column of such a name is written in backticks."""


def _inside(part: Condition) -> str:
    return f"({part})" if isinstance(part, Every | Some) else str(part)


def _written(value: Value) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return repr(value)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else ""


def _same(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is right
    return _kind(left) == _kind(right) and bool(left == right)
