"""The kind of `train.search.space:`, mappings of mappings; each value a list, or a range."""

from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from keepwell.core.spec import Range, Values
from keepwell.core.suggestions import did_you_mean
from keepwell.infrastructure.project_file.kinds import TEXT, Kind

_KEYS = ("low", "high", "log")
_WORDS = {"true": True, "false": False}


def _read(node: Node) -> dict[str, dict[str, Values]]:
    if not isinstance(node, MappingNode):
        raise ValueError("it holds learners, and under each its settings")
    return {TEXT.read(key): _settings(TEXT.read(key), value) for key, value in node.value}


def _settings(learner: str, node: Node) -> dict[str, Values]:
    if not isinstance(node, MappingNode):
        raise ValueError(f"'{learner}' holds settings, each with a list or a range")
    return {TEXT.read(key): _values(TEXT.read(key), value) for key, value in node.value}


def _values(name: str, node: Node) -> Values:
    if isinstance(node, MappingNode):
        return _range(name, node)
    items = node.value if isinstance(node, SequenceNode) else [node]
    if not items or not all(isinstance(item, ScalarNode) for item in items):
        raise ValueError(f"'{name}' is a list of single values, or {{low: 0.01, high: 0.3}}")
    return tuple(_single(item) for item in items)


def _range(name: str, node: MappingNode) -> Range:
    found: dict[str, Any] = {}
    for key, value in node.value:
        if key.value not in _KEYS:
            raise ValueError(
                f"'{name}' has no '{key.value}': " + (did_you_mean(key.value, _KEYS) or "low, high")
            )
        found[key.value] = _single(value)
    low, high = found.get("low"), found.get("high")
    numbers = all(type(end) in (int, float) for end in (low, high))
    if not numbers or not low < high:  # type: ignore[operator]
        raise ValueError(f"'{name}' needs a number `low:` and a larger one `high:`")
    log = found.get("log", False)
    if not isinstance(log, bool) or (log and low <= 0):  # type: ignore[operator]
        raise ValueError(f"'{name}' with `log: true` needs a `low:` above 0")
    whole = type(low) is int and type(high) is int
    return Range(low=float(low), high=float(high), log=log, whole=whole)  # type: ignore[arg-type]


def _single(node: Node) -> str | int | float | bool:
    if not isinstance(node, ScalarNode):
        raise ValueError("a value of a setting is a number, a word, true or false")
    text = str(node.value)
    if node.style in ("'", '"'):
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def _write(space: dict[str, dict[str, Values]]) -> str:
    learners = (
        f"{TEXT.write(name)}: {{"
        + ", ".join(f"{TEXT.write(key)}: {_written(values)}" for key, values in settings.items())
        + "}"
        for name, settings in space.items()
    )
    return "{" + ", ".join(learners) + "}"


def _written(values: Values) -> str:
    if isinstance(values, tuple):
        return "[" + ", ".join(_word(value) for value in values) + "]"
    kind = int if values.whole else float
    log = ", log: true" if values.log else ""
    return f"{{low: {kind(values.low)!r}, high: {kind(values.high)!r}{log}}}"


def _word(value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return repr(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


SPACE = Kind("learners with settings", _read, _write)
