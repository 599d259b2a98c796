"""What a condition says, as a frozen tree."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

OPERATORS = ("<=", ">=", "==", "!=", "<", ">")
_PLAIN = re.compile(r"[A-Za-z0-9_][\w.%-]*")


@dataclass(frozen=True, slots=True)
class Word:
    """One word, perhaps about something: `drift`, `drift(age)`, `recent_deploy(2h)`."""

    name: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A measured number against a limit: `latency_p95_ms > 200`, `metric:roc_auc < 0.8`."""

    measure: str
    operator: str
    limit: float


@dataclass(frozen=True, slots=True)
class And:
    """Every part."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Some part."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Without:
    """Not its part."""

    part: "Expression"


Expression = Word | Comparison | And | Or | Without


def all_of(*parts: Expression) -> Expression:
    """Return that every part holds; a single part stands for itself."""
    flat = tuple(
        one for part in parts for one in (part.parts if isinstance(part, And) else (part,))
    )
    return flat[0] if len(flat) == 1 else And(flat)


def any_of(*parts: Expression) -> Expression:
    """Return that some part holds; a single part stands for itself."""
    flat = tuple(one for part in parts for one in (part.parts if isinstance(part, Or) else (part,)))
    return flat[0] if len(flat) == 1 else Or(flat)


def without(part: Expression) -> Expression:
    """Return that a part does not hold; twice is not at all."""
    return part.part if isinstance(part, Without) else Without(part)


def words_of(expression: Expression) -> Iterator[Word | Comparison]:
    """Yield every word and comparison, from left to right."""
    match expression:
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from words_of(part)
        case Without(part=part):
            yield from words_of(part)
        case leaf:
            yield leaf


def render(expression: Expression) -> str:
    """Return the text that reads back as `expression`.

    >>> render(all_of(Word("drift", "age"), without(Word("recent_deploy"))))
    'drift(age) & ~recent_deploy'
    """
    match expression:
        case Word(name=name, about=""):
            return name
        case Word(name=name, about=about):
            return f"{name}({_about(name, about)})"
        case Comparison(measure=measure, operator=operator, limit=limit):
            family, colon, rest = measure.partition(":")
            return f"{family}{colon}{_quoted(rest) if colon else ''} {operator} {limit!r}"
        case Without(part=part):
            return f"~{_inner(part)}"
        case And(parts=parts):
            return " & ".join(
                _inner(part) if isinstance(part, Or) else render(part) for part in parts
            )
        case Or(parts=parts):
            return " | ".join(render(part) for part in parts)


def _inner(part: Expression) -> str:
    return f"({render(part)})" if isinstance(part, And | Or) else render(part)


def _about(name: str, about: str) -> str:
    return about if name == "time" else _quoted(about)


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else f"`{text}`"
