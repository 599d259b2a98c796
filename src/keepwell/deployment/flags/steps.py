"""Rules and fallbacks as they are written: `country == 'DE' -> v7`, `previous`, `tenure < 6 -> "Yes"`."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass

from keepwell.core.errors import UsageError
from keepwell.core.records import CohortRule
from keepwell.core.suggestions import did_you_mean
from keepwell.deployment.flags.expressions import Condition, Value
from keepwell.deployment.flags.parsing import parse

PREVIOUS = "previous"
_VERSION = re.compile(r"v(\d{1,9})")


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackStep:
    """One way to answer when the model cannot.

    Attributes:
        text: As it was written.
        version: A version to ask; 0 where `value` answers.
        value: The answer itself.
        when: Rows that it answers; None for all.
    """

    text: str
    version: int = 0
    value: Value = None
    when: Condition | None = None


def read_rule(text: str, columns: Collection[str] | None = None) -> CohortRule:
    """Return the rule that `CONDITION -> vN` says.

    Raises:
        ConditionError: If the condition cannot be read.
        UsageError: If no version follows it.
    """
    condition, arrow, target = text.rpartition("->")
    version = _VERSION.fullmatch(target.strip())
    if not arrow or version is None:
        raise UsageError(
            f"'{text}' is not a rule",
            why="a rule is a condition, an arrow and a version",
            now="write for example country == 'DE' -> v7",
        )
    return CohortRule(when=str(parse(condition, columns)), version=int(version[1]))


def read_fallback(
    text: str, *, previous: int = 0, columns: Collection[str] | None = None
) -> FallbackStep:
    """Return one step of a fallback chain.

    Args:
        text: `previous`, `v3`, `CONDITION -> VALUE` or `VALUE`; values are JSON.
        previous: The version that `previous` stands for; 0 if there is none (yet).
        columns: The columns that a condition may name; None takes every name.

    Raises:
        ConditionError: If a condition cannot be read.
        UsageError: If it is none of these.
    """
    text = text.strip()
    if text == PREVIOUS:
        return FallbackStep(text=text, version=previous)
    if version := _VERSION.fullmatch(text):
        return FallbackStep(text=text, version=int(version[1]))
    condition, arrow, value = text.rpartition("->")
    if arrow and not _is_json(text):
        return FallbackStep(text=text, value=_value(value, text), when=parse(condition, columns))
    return FallbackStep(text=text, value=_value(text, text))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _value(text: str, whole: str) -> Value:
    try:
        found = json.loads(text)
    except ValueError:
        found = ()
    if isinstance(found, str | int | float):
        return found
    raise UsageError(
        f"'{whole}' is not a fallback",
        why=f"{text.strip() or 'nothing'} is not a label or a number in JSON",
        now=did_you_mean(text.strip(), [PREVIOUS])
        or f'write previous, v3, tenure < 6 -> "Yes", or a constant such as "{text.strip()}" in quotes',
    )
