"""Kinds of values: how each is read from a YAML node, and written back.

A reader raises `ValueError`; its text, if any, is the reason that the user reads.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from keepwell.core.durations import parse_duration
from keepwell.core.suggestions import did_you_mean

NULL = "tag:yaml.org,2002:null"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value; `expects` completes "write …"."""

    expects: str
    read: Callable[[Node], Any]
    write: Callable[[Any], str]


def _scalar(node: Node) -> str:
    """Return what was written, to the letter: YAML would make True of `on`, and 10 of `0o12`."""
    if not isinstance(node, ScalarNode):
        raise ValueError
    return str(node.value)


def _items(node: Node) -> list[Node]:
    return list(node.value) if isinstance(node, SequenceNode) else [node]


_PLAIN = re.compile(r"[\w./][\w./*@+=-]*(?: [\w./*@+=-]+)*")


def _quote(text: str) -> str:
    """Return `text` as a YAML scalar, in quotes unless it plainly needs none."""
    if _PLAIN.fullmatch(text) and text.lower() not in {"null", "..."}:
        return text
    return '"' + "".join(map(_escape, text)) + '"'


def _escape(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    return char if char.isprintable() else f"\\U{ord(char):08x}"


def _read_text(node: Node) -> str:
    text = _scalar(node)
    if not text:
        raise ValueError
    return text


TEXT = Kind("one text", _read_text, _quote)


def _read_name(node: Node) -> str:
    name = _scalar(node)
    if not _NAME.fullmatch(name):
        raise ValueError("a name is made of letters, digits, . _ and -")
    return name


NAME = Kind("a name", _read_name, _quote)


def _read_texts(node: Node) -> tuple[str, ...]:
    return tuple(_read_text(item) for item in _items(node))


TEXTS = Kind(
    "a list of texts", _read_texts, lambda value: "[" + ", ".join(map(_quote, value)) + "]"
)


def _read_target(node: Node) -> tuple[str, tuple[str, ...]]:
    """Return the name of the target, and its columns if there are several."""
    if isinstance(node, ScalarNode):
        return _read_text(node), ()
    names = _read_texts(node)
    if not names or len(set(names)) < len(names):
        raise ValueError("each column stands there once")
    return (names[0], ()) if len(names) == 1 else (", ".join(names), names)


TARGET = Kind(
    "a column, or a list of columns",
    _read_target,
    lambda value: TEXTS.write(value[1]) if value[1] else _quote(value[0]),
)


def _read_number(node: Node) -> float:
    number = float(_scalar(node))
    if not math.isfinite(number):
        raise ValueError
    return number


def _write_number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)  # noqa: PLR2004


def number(least: float = -math.inf, most: float = math.inf, *, inside: bool = False) -> Kind:
    """Return the kind of numbers from `least` to `most`; `inside` leaves the two ends out."""

    def read(node: Node) -> float:
        value = _read_number(node)
        if not (least < value < most if inside else least <= value <= most):
            raise ValueError
        return value

    return Kind("a number" + _range(least, most, inside=inside), read, _write_number)


def whole(least: int, most: float = math.inf) -> Kind:
    """Return the kind of whole numbers from `least` to `most`."""

    def read(node: Node) -> int:
        value = int(_scalar(node))
        if not least <= value <= most:
            raise ValueError
        return value

    return Kind("a whole number" + _range(least, most), read, str)


def _range(least: float, most: float, *, inside: bool = False) -> str:
    if math.isfinite(least) and math.isfinite(most):
        return f" {'between' if inside else 'from'} {least:g} {'and' if inside else 'to'} {most:g}"
    if math.isfinite(least):
        return f" {'above' if inside else 'of at least'} {least:g}"
    return ""


def _read_duration(node: Node) -> float:
    text = _scalar(node)
    try:
        seconds = parse_duration(text)
    except ValueError:
        if text.replace(".", "", 1).isdigit():
            raise ValueError(f"it has no unit: did you mean {text}s?") from None
        raise ValueError from None
    return seconds


def _write_duration(seconds: float) -> str:
    for unit, size in (("w", 604800), ("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return _without_exponent(float(seconds)).removesuffix(".0") + "s"


def _without_exponent(value: float) -> str:
    text = repr(value)
    if "e" not in text:
        return text
    from decimal import Decimal  # seldom needed, and this module is loaded at every start

    return f"{Decimal(text):f}"


DURATION = Kind("a duration", _read_duration, _write_duration)


_SIZES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?B)", re.IGNORECASE)


def _read_size(node: Node) -> int:
    found = _SIZE.fullmatch(_scalar(node))
    size = round(float(found[1]) * _SIZES[found[2].upper()]) if found else 0
    if size <= 0:
        raise ValueError("it needs a unit: B, KB, MB, GB or TB")
    return size


def _write_size(size: int) -> str:
    unit = next(unit for unit in reversed(_SIZES) if size % _SIZES[unit] == 0)
    return f"{size // _SIZES[unit]}{unit}"


SIZE = Kind("a size such as 500MB", _read_size, _write_size)


def _read_window(node: Node) -> tuple[float | None, int | None]:
    text = _scalar(node)
    seconds, rows = (None, int(text)) if text.isdigit() else (_read_duration(node), None)
    if not (seconds or rows):
        raise ValueError
    return seconds, rows


WINDOW = Kind(
    "a duration, or a number of rows,",
    _read_window,
    lambda value: str(value[1]) if value[0] is None else _write_duration(value[0]),
)


def _read_flag(node: Node) -> bool:
    return {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}[
        _scalar(node).lower()
    ]


FLAG = Kind("true or false", _read_flag, lambda value: "true" if value else "false")


def _read_ensemble(node: Node) -> int | None:
    word = _scalar(node)
    if word in ("auto", "off"):
        return None if word == "auto" else 1
    if int(word) < 1:
        raise ValueError
    return int(word)


ENSEMBLE = Kind(
    "auto, off or a whole number of at least 1",
    _read_ensemble,
    lambda value: "off" if value == 1 else str(value or "auto"),
)


def choice(*options: str) -> Kind:
    """Return the kind that allows the words `options`."""

    def read(node: Node) -> str:
        word = _scalar(node)
        if word not in options:
            raise ValueError(did_you_mean(word, options))
        return word

    return Kind(_either(options), read, str)


def choices(*options: str) -> Kind:
    """Return the kind of lists of the words `options`; one word alone is a list of one."""
    one = choice(*options)
    return Kind(
        f"a list of {_either(options)}",
        lambda node: tuple(dict.fromkeys(one.read(item) for item in _items(node))),
        lambda value: "[" + ", ".join(value) + "]",
    )


def _either(options: tuple[str, ...]) -> str:
    return ", ".join(options[:-1]) + (" or " if len(options) > 1 else "") + options[-1]


def mapping(keys: Kind, values: Kind) -> Kind:
    """Return the kind of mappings, such as `{roc_auc: 0.8}`."""

    def read(node: Node) -> dict[Any, Any]:
        if not isinstance(node, MappingNode):
            raise ValueError
        found = {keys.read(key): values.read(value) for key, value in node.value}
        if len(found) < len(node.value):
            raise ValueError("a key stands there twice")
        return found

    def write(value: dict[Any, Any]) -> str:
        pairs = (f"{keys.write(key)}: {values.write(item)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"

    return Kind("a mapping", read, write)


def _read_steps(node: Node) -> tuple[float, ...]:
    steps = tuple(_read_number(item) for item in _items(node))
    if list(steps) != sorted(set(steps)) or not steps or steps[0] <= 0 or steps[-1] != 100:  # noqa: PLR2004
        raise ValueError("percentages must grow from above 0 to 100")
    return steps


STEPS = Kind(
    "growing percentages that end with 100",
    _read_steps,
    lambda value: "[" + ", ".join(map(_write_number, value)) + "]",
)


def _read_quantiles(node: Node) -> tuple[float, ...]:
    levels = tuple(_read_number(item) for item in _items(node))
    if list(levels) != sorted(set(levels)) or not levels or levels[0] <= 0 or levels[-1] >= 1:
        raise ValueError("they must grow, and lie between 0 and 1")
    return levels


QUANTILES = Kind(
    "growing numbers between 0 and 1",
    _read_quantiles,
    lambda value: "[" + ", ".join(map(_write_number, value)) + "]",
)

_CRON = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_CRON_PART = re.compile(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?")


def _read_schedule(node: Node) -> str:
    fields = _scalar(node).split()
    if len(fields) != len(_CRON):
        raise ValueError("it must have five fields: minute hour day month weekday")
    for field, (label, least, most) in zip(fields, _CRON, strict=True):
        for part in field.split(","):
            found = _CRON_PART.fullmatch(part)
            ends = [int(end) for end in (found[1], found[2]) if end] if found else []
            if not found or found[3] == "0" or not all(least <= end <= most for end in ends):
                raise ValueError(f"the {label} '{field}' is not within {least}-{most}")
            if ends != sorted(ends):
                raise ValueError(f"the {label} '{field}' runs backwards")
    return " ".join(fields)


SCHEDULE = Kind("five cron fields in quotes", _read_schedule, lambda value: f'"{value}"')


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
