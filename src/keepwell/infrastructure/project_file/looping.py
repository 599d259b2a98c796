"""The kinds of `loop:` — hours, and a list of rules."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from yaml.nodes import MappingNode, Node, SequenceNode

from keepwell.core.rules import Hours, LanguageError, parse
from keepwell.core.spec.looping import PLAYBOOKS, LoopRuleSpec
from keepwell.infrastructure.project_file.kinds import (
    DURATION,
    NAME,
    TEXT,
    Kind,
    choice,
    entries,
    whole,
)
from keepwell.infrastructure.project_file.learners import flow, plain_mapping


def _read_hours(node: Node) -> str:
    text = str(TEXT.read(node))
    Hours.parse(text)
    return text


def _read_when(node: Node) -> str:
    text = str(TEXT.read(node))
    try:
        parse(text)
    except LanguageError as error:
        raise ValueError(str(error)) from None  # what a file's complaint quotes
    return text


def _read_options(node: Node) -> dict[str, Any]:
    if not isinstance(node, MappingNode):
        raise ValueError
    return plain_mapping(node, "`with:`")


_KINDS: Mapping[str, Kind] = {
    "name": NAME,
    "when": Kind("a condition", _read_when, TEXT.write),
    "do": choice(*PLAYBOOKS),
    "with": Kind("options as {key: value}", _read_options, flow),
    "cooldown": DURATION,
    "approval": NAME,
    "looks": whole(1),
}
_FIELD = {"with": "options"}
_NEEDED = ("when", "do")


def _rule(node: Node) -> LoopRuleSpec:
    values = entries(node, _KINDS, "rule")
    name = values.get("name")
    if not name:
        raise ValueError(f"the rule in line {node.start_mark.line + 1} has no name")
    for key in _NEEDED:
        if key not in values:
            raise ValueError(f"the rule '{name}' needs `{key}:`")
    return LoopRuleSpec(**{_FIELD.get(key, key): value for key, value in values.items()})


def _read_rules(node: Node) -> tuple[LoopRuleSpec, ...]:
    if not isinstance(node, SequenceNode):
        raise ValueError("each rule stands behind a dash of its own")
    rules = tuple(_rule(item) for item in node.value)
    names = [rule.name for rule in rules]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"two rules have the name '{twice[0]}'")
    return rules


def _write_rules(rules: Sequence[LoopRuleSpec]) -> str:
    plain = {one.name: one.default for one in fields(LoopRuleSpec)} | {"options": {}}
    written = (
        ", ".join(
            f"{key}: {kind.write(value)}"
            for key, kind in _KINDS.items()
            if (value := getattr(rule, _FIELD.get(key, key))) != plain[_FIELD.get(key, key)]
        )
        for rule in rules
    )
    return "[" + ", ".join(f"{{{one}}}" for one in written) + "]"


HOURS = Kind("hours of the week", _read_hours, TEXT.write)
LOOP_RULES = Kind("a list of rules", _read_rules, _write_rules)
