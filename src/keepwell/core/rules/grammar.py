"""From text to expression: `or` binds least, then `and`, then `not`; parentheses as ever."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from keepwell.core.durations import parse_duration
from keepwell.core.rules.expressions import (
    Comparison,
    Expression,
    Word,
    all_of,
    any_of,
    without,
)
from keepwell.core.rules.hours import Hours
from keepwell.core.rules.words import CAUSES, MEASURES, WORDS
from keepwell.core.suggestions import did_you_mean

_TOKEN = re.compile(
    r"\s*(?:(?P<operator><=|>=|==|!=|<|>)|(?P<open>\()|(?P<close>\))"
    r"|(?P<and>&&?)|(?P<or>\|\|?)|(?P<not>~|!)"
    r"|(?P<number>-?\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?%?)"
    r"|(?P<name>[A-Za-z_][\w.]*(?::(?:`[^`]+`|[\w.%-]+))?))"
)
_SPELT = {"and": "and", "or": "or", "not": "not"}
_DEEPEST = 50


class LanguageError(ValueError):
    """A condition that cannot be understood; its text says which word, and what to write."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    end: int


def parse(text: str) -> Expression:
    """Return what a condition says.

    >>> parse("drift & ~rollout")
    And(parts=(Word(name='drift', about=''), Without(part=Word(name='rollout', about=''))))

    Raises:
        LanguageError: If it holds an unknown word, or does not add up.
    """
    reader = _Reader(text)
    found = reader.either(0)
    reader.finish()
    return found


class _Reader:
    """Reads from left to right, one token at a time."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._next = self._scan()

    def either(self, depth: int) -> Expression:
        parts = [self._both(depth)]
        while self._next.kind == "or":
            self._step()
            parts.append(self._both(depth))
        return any_of(*parts)

    def finish(self) -> None:
        if self._next.kind == "close":
            raise LanguageError("a parenthesis is closed that was not opened")
        if self._next.kind != "end":
            raise LanguageError(f"'{self._next.text}' follows without & or | before it")

    def _both(self, depth: int) -> Expression:
        parts = [self._single(depth)]
        while self._next.kind == "and":
            self._step()
            parts.append(self._single(depth))
        return all_of(*parts)

    def _single(self, depth: int) -> Expression:
        if depth > _DEEPEST:
            raise LanguageError("it is nested too deeply")
        token = self._next
        if token.kind == "not":
            self._step()
            return without(self._single(depth + 1))
        if token.kind == "open":
            self._step()
            inner = self.either(depth + 1)
            if self._next.kind != "close":
                raise LanguageError("a parenthesis is not closed")
            self._step()
            return inner
        if token.kind == "name":
            return self._leaf(token)
        if token.kind == "end":
            raise LanguageError("it ends where a word is missing")
        raise LanguageError(f"a word is missing before '{token.text}'")

    def _leaf(self, token: _Token) -> Expression:
        about = self._about(token)
        self._step()
        if self._next.kind == "operator" and not about:
            return self._comparison(token.text)
        return _word(token.text, about)

    def _about(self, token: _Token) -> str:
        """Return what stands in the parentheses right behind a word."""
        at = token.end
        if not self._text.startswith("(", at):
            return ""
        quoted = self._text.startswith("`", at + 1)
        end = self._text.find("`)" if quoted else ")", at + 2 if quoted else at + 1)
        if end < 0:
            raise LanguageError(f"the parenthesis behind '{token.text}' is not closed")
        about = self._text[at + 2 : end] if quoted else self._text[at + 1 : end].strip()
        if not about:
            raise LanguageError(f"'{token.text}()' is about nothing: leave the parentheses out")
        self._at = end + (2 if quoted else 1)
        return about

    def _comparison(self, name: str) -> Expression:
        measure = _measure(name)
        operator = self._next.text
        self._step()
        if self._next.kind != "number":
            raise LanguageError(f"'{name} {operator}' needs a number, not '{self._next.text}'")
        number = self._next.text
        self._step()
        limit = float(number.rstrip("%")) / (100 if number.endswith("%") else 1)
        if not math.isfinite(limit):
            raise LanguageError(f"'{number}' is too large")
        return Comparison(measure, operator, limit)

    def _step(self) -> None:
        self._next = self._scan()

    def _scan(self) -> _Token:
        rest = self._text[self._at :]
        if not rest.strip():
            return _Token("end", "the end", len(self._text))
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            raise LanguageError(f"'{rest.strip()[:20]}' is no word, number or sign")
        self._at = found.end()
        kind = found.lastgroup or ""
        text = found[kind]
        return _Token(_SPELT.get(text.lower(), kind), text, found.end())


def _word(name: str, about: str) -> Word:
    vocable = WORDS.get(name)
    if vocable is None:
        if _is_measure(name):
            raise LanguageError(f"'{name}' is a number: compare it, as in {name} > 0.5")
        raise LanguageError(f"unknown word '{name}' — {_hint(name, WORDS)}")
    if about and not vocable.about:
        raise LanguageError(f"'{name}' takes nothing in parentheses")
    if vocable.needed and not about:
        raise LanguageError(f"'{name}' needs to say which: {_EXAMPLES[vocable.about]}")
    if about:
        _check(name, vocable.about, about)
    return Word(name, str(Hours.parse(about)) if vocable.about == "hours" else about)


_EXAMPLES = {"cause": "cause(upstream)", "hours": "time(mon-fri 08:00-18:00)"}


def _check(name: str, kind: str, about: str) -> None:
    try:
        if kind == "duration":
            parse_duration(about)
        elif kind == "hours":
            Hours.parse(about)
    except ValueError as error:
        raise LanguageError(f"{name}({about}): {error}") from None
    if kind == "cause" and about not in CAUSES:
        raise LanguageError(f"'{about}' is no kind of cause — {_hint(about, CAUSES)}")


def _is_measure(name: str) -> bool:
    family, colon, _ = name.partition(":")
    return family in MEASURES and bool(colon) == bool(MEASURES[family].family)


def _measure(name: str) -> str:
    family, colon, rest = name.partition(":")
    found = MEASURES.get(family)
    if found is None:
        hint = did_you_mean(family, MEASURES)
        if not hint and family in WORDS:
            hint = "it is a word that holds or does not, without a number"
        raise LanguageError(
            f"unknown number '{name}' — {hint or 'known are: ' + ', '.join(MEASURES)}"
        )
    if found.family and not rest:
        raise LanguageError(f"'{name}' needs to say of what: {found.family}")
    if rest and not found.family:
        raise LanguageError(f"'{family}' takes nothing behind a colon")
    return f"{family}{colon}{rest.strip('`')}"


def _hint(word: str, known: Iterable[str]) -> str:
    return did_you_mean(word, known) or f"known are: {', '.join(known)}"
