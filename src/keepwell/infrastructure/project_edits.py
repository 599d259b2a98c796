"""Changing single values of a project file, with everything else left as the user wrote it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from keepwell.core.errors import ProjectFileError
from keepwell.infrastructure.files import write_atomic

_INDENT = 2


def set_values(path: Path, values: Mapping[str, int | float | str]) -> str:
    """Write values into a project file by dotted key, and return the lines that changed, as a diff.

    Comments, order and layout stay. The file is read back before it is replaced.

    Raises:
        ProjectFileError: If the file cannot be changed without touching what else it says.
    """
    from difflib import unified_diff

    from keepwell.infrastructure.project_file import load_project

    before = path.read_text(encoding="utf-8")
    after = before
    for key, value in values.items():
        after = _with_value(after, key.split("."), str(value), path.name)
        if _found(after, key) != value:
            raise _cannot(path.name, key, str(value))
    if after != before:
        trial = path.with_name(f".{path.name}.new")
        try:
            trial.write_text(after, encoding="utf-8")
            load_project(trial)
        finally:
            trial.unlink(missing_ok=True)
        write_atomic(path, after.encode())
    lines = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return "\n".join(line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---"))


def _with_value(text: str, keys: list[str], value: str, name: str) -> str:
    """Return the text with a value at its place: changed, or added where the first missing key belongs."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    node: Node | None = root
    parent, depth = node, 0
    for depth, key in enumerate(keys):
        parent = node
        if not isinstance(parent, MappingNode):
            raise _cannot(name, ".".join(keys), value)
        node = _child(parent, key)
        if node is None:
            return _added(text, parent, keys[depth:], value, top=depth == 0)
        if isinstance(node, ScalarNode) and depth < len(keys) - 1:
            if node.value:
                raise _cannot(name, ".".join(keys), value)
            column = (parent.value[0][0].start_mark.column if parent.value else 0) + _INDENT
            return _insert(text, node.end_mark.index, _nested(keys[depth + 1 :], value, column))
    if not isinstance(node, ScalarNode):
        raise _cannot(name, ".".join(keys), value)
    return text[: node.start_mark.index] + value + text[node.end_mark.index :]


def _child(parent: MappingNode, key: str) -> Node | None:
    return next((value for name, value in parent.value if name.value == key), None)


def _added(text: str, parent: MappingNode, keys: list[str], value: str, *, top: bool) -> str:
    """Return the text with keys that were missing, at the end of what they belong to."""
    if parent.flow_style:
        at = parent.start_mark.index + 1
        inner = value
        for key in reversed(keys[1:]):
            inner = f"{{{key}: {inner}}}"
        return f"{text[:at]}{keys[0]}: {inner}{', ' if parent.value else ''}{text[at:]}"
    column = parent.value[0][0].start_mark.column if parent.value else 0
    if top:
        return f"{text.rstrip()}\n\n{_nested(keys, value, column)}\n"
    first = parent.value[0][0].start_mark.index
    start = text.rfind("\n", 0, first) + 1
    return f"{text[:start]}{_nested(keys, value, column)}\n{text[start:]}"


def _insert(text: str, at: int, lines: str) -> str:
    """Return the text with lines after the one that `at` is in."""
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    return f"{text[:end]}\n{lines}{text[end:]}"


def _nested(keys: list[str], value: str, column: int) -> str:
    lines = [f"{' ' * (column + _INDENT * at)}{key}:" for at, key in enumerate(keys)]
    return "\n".join(lines) + f" {value}"


def _found(text: str, key: str) -> Any:
    found: Any = yaml.safe_load(text)
    for part in key.split("."):
        found = found[part] if isinstance(found, dict) and part in found else None
    return found


def _cannot(name: str, key: str, value: str) -> ProjectFileError:
    section, _, leaf = key.rpartition(".")
    return ProjectFileError(
        f"{name}: '{key}' cannot be changed from here",
        why="what stands there is of another kind than a single value, or an alias of one",
        now=f"write it yourself: {leaf}: {value}, under {section or 'the top'}",
    )
