"""From text to a condition, with every complaint at its place.

condition := conjunction ("or" conjunction)*
conjunction := negation ("and" negation)*
negation := "not" negation | "(" condition ")" | comparison
comparison := value (("==" | "!=" | "<" | "<=" | ">" | ">=") value | ["not"] "in" list)?
value := column | `column with spaces` | 'text' | "text" | number | true | false | null
list := "(" literal ("," literal)* ")"
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from keepwell.core.errors import UsageError
from keepwell.core.suggestions import did_you_mean
from keepwell.deployment.flags.expressions import (
    COMPARISONS,
    Column,
    Comparison,
    Condition,
    Every,
    Literal,
    Membership,
    Not,
    Some,
    Truth,
    Value,
)

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    |(?P<number>-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<quoted>`(?:[^`]|``)*`)
    |(?P<name>[^\W\d]\w*)
    |(?P<sign>==|!=|<=|>=|<|>|\(|\)|\[|\]|,)
    )""",
    re.VERBOSE,
)
_DEEPEST = 50
_CONSTANTS: dict[str, Value] = {"true": True, "false": False, "null": None}
_CLOSING = {"(": ")", "[": "]"}


class ConditionError(UsageError):
    """A condition cannot be read; says where."""

    headline = "The condition cannot be read"


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parse(text: str, columns: Collection[str] | None = None) -> Condition:
    """Return the condition that `text` says.

    Args:
        text: `country == 'DE' and tenure >= 6`.
        columns: The columns that a row may have; None takes every name.

    Raises:
        ConditionError: If it cannot be read, or names a column that there is not.
    """
    return _Parser(text, columns).whole()


class _Parser:
    def __init__(self, text: str, columns: Collection[str] | None) -> None:
        self._text = text
        self._columns = columns
        self._tokens = list(self._split())
        self._next = 0

    def whole(self) -> Condition:
        found = self._condition(0)
        if (token := self._peek()).kind != "end":
            raise self._error(token, f"'{token.text}' is not expected here", self._hint(token))
        return found

    def _split(self) -> "list[_Token]":
        tokens, at = [], 0
        while self._text[at:].strip():
            match = _TOKEN.match(self._text, at)
            if match is None or match.lastgroup is None:
                start = at + len(self._text[at:]) - len(self._text[at:].lstrip())
                wrong = _Token("end", self._text[start], start)
                hint = "write == to compare" if wrong.text == "=" else ""
                raise self._error(wrong, f"'{wrong.text}' means nothing here", hint)
            tokens.append(
                _Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup))
            )
            at = match.end()
        return [*tokens, _Token("end", "", len(self._text))]

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, *texts: str, kind: str = "") -> _Token | None:
        token = self._peek()
        fits = (
            token.kind == kind if kind else token.kind in ("name", "sign") and token.text in texts
        )
        if not fits:
            return None
        self._next += 1
        return token

    def _condition(self, depth: int) -> Condition:
        if depth > _DEEPEST:
            raise self._error(self._peek(), "it is nested too deep", "")
        parts = [self._conjunction(depth)]
        while self._take("or"):
            parts.append(self._conjunction(depth))
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _conjunction(self, depth: int) -> Condition:
        parts = [self._negation(depth)]
        while self._take("and"):
            parts.append(self._negation(depth))
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _negation(self, depth: int) -> Condition:
        if depth > _DEEPEST:
            raise self._error(self._peek(), "it is nested too deep", "")
        if self._take("not"):
            return Not(self._negation(depth + 1))
        if self._take("("):
            inner = self._condition(depth + 1)
            self._expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        left = self._value()
        if sign := self._take(*COMPARISONS):
            return Comparison(left, sign.text, self._value())
        if self._take("in"):
            return Membership(left, self._list())
        if self._take("not"):
            self._expect("in")
            return Not(Membership(left, self._list()))
        return Truth(left)

    def _list(self) -> tuple[Value, ...]:
        opening = self._take(*_CLOSING)
        if opening is None:
            raise self._error(self._peek(), "a list is wanted after 'in'", "write ('DE', 'AT')")
        found = [self._literal()]
        while self._take(","):
            found.append(self._literal())
        self._expect(_CLOSING[opening.text])
        return tuple(found)

    def _literal(self) -> Value:
        token = self._peek()
        value = self._value()
        if isinstance(value, Column):
            raise self._error(token, f"a list holds values, and {token.text} is a column", "")
        return value.value

    def _value(self) -> Literal | Column:
        token = self._peek()
        if self._take(kind="text"):
            return Literal(re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL))
        if self._take(kind="number"):
            return Literal(_number(token.text))
        if self._take(kind="quoted"):
            return self._column(token, token.text[1:-1].replace("``", "`"))
        if token.kind == "name" and token.text in _CONSTANTS:
            self._next += 1
            return Literal(_CONSTANTS[token.text])
        if token.kind == "name" and token.text not in ("and", "or", "not", "in"):
            self._next += 1
            return self._column(token, token.text)
        what = f"'{token.text}' stands" if token.text else "it ends"
        raise self._error(token, f"{what} where a column or a value is wanted", "")

    def _column(self, token: _Token, name: str) -> Column:
        if self._columns is not None and name not in self._columns:
            known = ", ".join(sorted(self._columns))
            hint = did_you_mean(name, sorted(self._columns)) or f"columns: {known}"
            raise self._error(token, f"there is no column '{name}'", hint)
        return Column(name)

    def _expect(self, text: str) -> None:
        if self._take(text) is None:
            token = self._peek()
            found = f"'{token.text}'" if token.text else "the end"
            raise self._error(token, f"'{text}' is wanted, and {found} is there", "")

    def _hint(self, token: _Token) -> str:
        if token.kind == "name":
            return did_you_mean(token.text.lower(), ["and", "or", "not", "in"])
        return ""

    def _error(self, token: _Token, what: str, hint: str) -> ConditionError:
        pointer = f"{self._text}\n{' ' * token.at}^"
        return ConditionError(
            f"{what}, at position {token.at + 1}:\n{pointer}",
            why="a condition compares columns with values, joined by and, or, not",
            now=hint or "write for example country == 'DE' and tenure >= 6",
            details={"position": token.at + 1, "condition": self._text},
        )


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)
