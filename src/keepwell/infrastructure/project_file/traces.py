"""The kinds of `traces:` and `costs.models:` — scores and limits by name, prices by model."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode

from keepwell.core.spec.tracing import LIMITS as MEASURED
from keepwell.core.spec.tracing import SCORERS, LimitSpec, ModelPrice, ScorerSpec
from keepwell.core.suggestions import did_you_mean
from keepwell.infrastructure.project_file.kinds import (
    FLAG,
    NAME,
    TEXT,
    TEXTS,
    Kind,
    choice,
    entries_of,
    number,
    whole,
)

_PYTHON = re.compile(r"[^:]+\.py:[A-Za-z_]\w*")
_SCORE = "score:"


def _read_pattern(node: Node) -> str:
    text = str(TEXT.read(node))
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"it is no regular expression: {error}") from None
    return text


def _read_patterns(node: Node) -> tuple[str, ...]:
    items = [node] if isinstance(node, ScalarNode) else node.value
    return tuple(_read_pattern(item) for item in items)


def _read_python(node: Node) -> str:
    text = str(TEXT.read(node))
    if not _PYTHON.fullmatch(text):
        raise ValueError("it names a file of the project and a function in it")
    return text


def _read_keys(node: Node) -> tuple[str, ...]:
    """Return the keys that an object must have: none of `json: true`."""
    if isinstance(node, ScalarNode):
        if not FLAG.read(node):
            raise ValueError
        return ()
    return tuple(TEXTS.read(node))


_PATTERN = Kind("a regular expression", _read_pattern, TEXT.write)
PATTERNS = Kind("a list of regular expressions", _read_patterns, TEXTS.write)
_KEYS = Kind(
    "true, or the keys that its object must have",
    _read_keys,
    lambda value: TEXTS.write(value) if value else "true",
)
_OF: Mapping[str, tuple[str, Kind]] = {
    "regex": ("pattern", _PATTERN),
    "json": ("keys", _KEYS),
    "length": ("length", whole(1)),
    "python": ("python", Kind("FILE.py:FUNCTION", _read_python, TEXT.write)),
    "judge": ("prompt", TEXT),
}
"""What each kind of score is told, and the attribute that holds it."""

_BESIDE: Mapping[str, Kind] = {
    "absent": FLAG,
    "url": TEXT,
    "model": TEXT,
    "key": TEXT,
    "sample": number(0, 1),
    "app": TEXT,
}
_ONLY = {"absent": "regex", "url": "judge", "model": "judge", "key": "judge"}


def _mapped(node: Node, each: Callable[[Node, Node], Any], what: str) -> tuple[Any, ...]:
    if not isinstance(node, MappingNode):
        raise ValueError(f"each {what} has a name")
    found, seen = [], set()
    for key, value in node.value:
        name = str(key.value)
        if name in seen:
            raise ValueError(f"line {key.start_mark.line + 1}: '{name}' stands there twice")
        seen.add(name)
        found.append(each(key, value))
    return tuple(found)


def _scorer(key: Node, node: Node) -> ScorerSpec:
    name = str(NAME.read(key))
    values = entries_of(name, node, {**{kind: how for kind, (_, how) in _OF.items()}, **_BESIDE})
    kinds = [kind for kind in SCORERS if kind in values]
    at = f"line {key.start_mark.line + 1}"
    if len(kinds) != 1:
        raise ValueError(f"{at}: '{name}' needs exactly one of {', '.join(SCORERS)}")
    (kind,) = kinds
    for word, owner in _ONLY.items():
        if word in values and owner != kind:
            raise ValueError(f"{at}: '{word}' of '{name}' says nothing to {kind}")
    if kind == "judge":
        if not str(values.get("url", "")).startswith(("http://", "https://")):
            raise ValueError(f"{at}: '{name}' needs the url of whoever judges, up to /v1")
        if "model" not in values:
            raise ValueError(f"{at}: '{name}' needs the model that judges")
        if "{output}" not in values["judge"]:
            raise ValueError(f"{at}: the prompt of '{name}' shows {{output}} nowhere")
    attribute = _OF[kind][0]
    return ScorerSpec(name=name, kind=kind, **{attribute: values.pop(kind)}, **values)


def _limit(key: Node, node: Node) -> LimitSpec:
    name, at = str(key.value), f"line {key.start_mark.line + 1}"
    if name not in MEASURED and not (name.startswith(_SCORE) and len(name) > len(_SCORE)):
        hint = did_you_mean(name, MEASURED) or f"known are: {', '.join(MEASURED)}, score:NAME"
        raise ValueError(f"{at}: '{name}' is not measured — {hint}")
    try:
        return LimitSpec(name=name, value=number().read(node))
    except ValueError:
        raise ValueError(f"{at}: {name} must be a number") from None


_PRICE = {"input": number(0), "output": number(0), "cached": number(0)}


def _price(key: Node, node: Node) -> ModelPrice:
    model = str(TEXT.read(key))
    return ModelPrice(model=model, **entries_of(model, node, _PRICE))


def _write_scores(scores: Sequence[ScorerSpec]) -> str:
    return "{" + ", ".join(f"{NAME.write(one.name)}: {{{_body(one)}}}" for one in scores) + "}"


def _body(one: ScorerSpec) -> str:
    attribute, how = _OF[one.kind]
    plain = {item.name: item.default for item in fields(ScorerSpec)}
    return ", ".join(
        [
            f"{one.kind}: {how.write(getattr(one, attribute))}",
            *(
                f"{word}: {kind.write(getattr(one, word))}"
                for word, kind in _BESIDE.items()
                if getattr(one, word) != plain[word]
            ),
        ]
    )


def _write_limits(limits: Sequence[LimitSpec]) -> str:
    pairs = (f"{TEXT.write(one.name)}: {number().write(one.value)}" for one in limits)
    return "{" + ", ".join(pairs) + "}"


def _write_prices(prices: Sequence[ModelPrice]) -> str:
    return "{" + ", ".join(f"{TEXT.write(one.model)}: {{{_cost(one)}}}" for one in prices) + "}"


def _cost(one: ModelPrice) -> str:
    stated = {"input": one.input, "output": one.output, "cached": one.cached}
    return ", ".join(
        f"{word}: {_PRICE[word].write(value)}"
        for word, value in stated.items()
        if value is not None
    )


_EACH = choice(*SCORERS).expects
SCORES = Kind(
    f"a mapping of names to {_EACH}", lambda node: _mapped(node, _scorer, "score"), _write_scores
)
LIMITS = Kind(
    "a mapping of measured numbers to limits",
    lambda node: _mapped(node, _limit, "limit"),
    _write_limits,
)
PRICES = Kind(
    "a mapping of models to {input, output, cached}",
    lambda node: _mapped(node, _price, "price"),
    _write_prices,
)
