"""`train.learners:` — names, and names with settings: `[lightgbm, {sklearn.svm.SVC: {C: 2.0}}]`."""

import json
import re
from typing import Any

from yaml.constructor import SafeConstructor
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from keepwell.core.spec import LearnerSpec
from keepwell.infrastructure.project_file.kinds import TEXT, Kind


def _read(node: Node) -> tuple[str | LearnerSpec, ...]:
    items = node.value if isinstance(node, SequenceNode) else [node]
    return tuple(_entry(item) for item in items)


def _entry(node: Node) -> str | LearnerSpec:
    if isinstance(node, ScalarNode):
        return str(TEXT.read(node))
    if not isinstance(node, MappingNode) or len(node.value) != 1:
        raise ValueError(
            "an entry with settings is one name and its settings: {NAME: {key: value}}"
        )
    key, settings = node.value[0]
    if not isinstance(settings, MappingNode):
        raise ValueError(f"the settings of {key.value} are written as {{key: value}}")
    return LearnerSpec(name=str(TEXT.read(key)), params=plain_mapping(settings, str(key.value)))


def plain_mapping(node: MappingNode, of: str) -> dict[str, Any]:
    """Return settings, which are plain values, by name; `of` says whose they are."""
    params = SafeConstructor().construct_document(node)
    strange = [name for name in params if not isinstance(name, str)]
    if strange:
        raise ValueError(f"the setting {strange[0]!r} of {of} is no name")
    try:
        json.dumps(params, allow_nan=False)
    except (TypeError, ValueError):
        raise ValueError(f"a setting of {of} is no plain value") from None
    return dict(params)


def _write(value: tuple[str | LearnerSpec, ...]) -> str:
    return "[" + ", ".join(map(_written, value)) + "]"


def _written(item: str | LearnerSpec) -> str:
    if isinstance(item, str):
        return TEXT.write(item)
    return f"{{{TEXT.write(item.name)}: {flow(item.params)}}}"


def flow(value: Any) -> str:
    """Return a plain value as YAML on one line: JSON, which YAML reads, with floats that it knows."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(k)}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, float):
        text = repr(value)  # YAML 1.1 takes 1e-05 for text, 1.0e-05 for a number
        return re.sub(r"^(-?\d+)e", r"\1.0e", text)
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    """Return a text in quotes, which a plain word such as `true` needs to stay one."""
    plain = (c if " " <= c <= "~" and c not in '"\\' else f"\\U{ord(c):08x}" for c in text)
    return '"' + "".join(plain) + '"'


LEARNERS = Kind("a list of learners", _read, _write)
