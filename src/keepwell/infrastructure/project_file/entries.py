"""The keys of a mapping that stands in a list, or under a name of the user's: read, and complained about."""

from collections.abc import Mapping
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode

from keepwell.core.suggestions import did_you_mean
from keepwell.infrastructure.project_file.kinds import Kind


def entries(node: Node, known: Mapping[str, Kind], what: str) -> dict[str, Any]:
    """Return the values of a mapping's keys, each of its kind; `what` says what it is."""
    if not isinstance(node, MappingNode):
        raise ValueError(f"the {what} in line {node.start_mark.line + 1} has no keys of its own")
    return _values(node, known, "unknown key", "")


def entries_of(name: str, node: Node, known: Mapping[str, Kind]) -> dict[str, Any]:
    """Return the same of a mapping that has a name."""
    if not isinstance(node, MappingNode):
        line = node.start_mark.line + 1
        raise ValueError(f"line {line}: '{name}' has no keys of its own")
    return _values(node, known, f"'{name}' has an unknown key", f" of '{name}'")


def _values(
    node: MappingNode, known: Mapping[str, Kind], unknown: str, owner: str
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in node.value:
        word, at = str(key.value), f"line {key.start_mark.line + 1}"
        if not isinstance(key, ScalarNode) or word not in known:
            hint = did_you_mean(word, known) or f"known are: {', '.join(known)}"
            raise ValueError(f"{at}: {unknown} '{word}' — {hint}")
        if word in values:
            raise ValueError(f"{at}: '{word}'{owner} stands there twice")
        try:
            values[word] = known[word].read(value)
        except (ValueError, KeyError) as error:
            own = f" ({error})" if type(error) is ValueError and str(error) else ""
            raise ValueError(f"{at}: {word}{owner} must be {known[word].expects}{own}") from None
    return values
