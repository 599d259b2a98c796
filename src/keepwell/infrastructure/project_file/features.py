"""`features:` — the steps of columns, and what is derived from them."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from keepwell.core.durations import format_duration, parse_duration
from keepwell.core.features import (
    AGGREGATES,
    ENCODE,
    IMPUTE,
    SCALE,
    STATISTICS,
    Derived,
    Steps,
    Window,
)
from keepwell.core.suggestions import did_you_mean
from keepwell.infrastructure.project_file.kinds import FLAG, TEXT, TEXTS, Kind, number, whole

_OF_NUMBERS = ("impute", "clip", "log", "bins", "scale", "drop_low_variance")
_OF_CATEGORIES = ("impute", "encode")
_DERIVED = (*STATISTICS, "by", "difference", "formula", "days", "share", "target", "text")
_ELSEWHERE = {
    "smooth": "a moving average looks at earlier rows: declare the mean of a window under "
    "features.windows, [{name: usual, aggregate: mean, of: amount, by: customer, over: 7d}]",
    "window": "what looks at earlier rows of a key stands under features.windows: "
    "[{name: spent_7d, aggregate: sum, of: amount, by: customer, over: 7d}]",
    "hash": "hashed categories are not offered: encode: target or frequency keep many labels in one column",
}
_DAY = 86_400
_LONGEST = 36_500 * _DAY


def _pairs(node: Node, known: tuple[str, ...]) -> Iterator[tuple[str, Node]]:
    if not isinstance(node, MappingNode):
        raise ValueError(f"it is a mapping of {', '.join(known)}")
    seen: set[str] = set()
    for key, value in node.value:
        name = str(key.value) if isinstance(key, ScalarNode) else ""
        if name in _ELSEWHERE:
            raise ValueError(f"'{name}' cannot be: {_ELSEWHERE[name]}")
        if name not in known:
            hint = did_you_mean(name, known) or f"known are {', '.join(known)}"
            raise ValueError(f"unknown key '{name}': {hint}")
        if name in seen:
            raise ValueError(f"'{name}' stands there twice")
        seen.add(name)
        yield name, value


def _word(*words: str) -> Callable[[Node], str]:
    def read(node: Node) -> str:
        word = str(TEXT.read(node))
        if word in _ELSEWHERE:
            raise ValueError(_ELSEWHERE[word])
        if word not in words:
            hint = did_you_mean(word, words) or f"known are {', '.join(words)}"
            raise ValueError(f"'{word}' is not among them: {hint}")
        return word

    return read


def _impute(node: Node) -> str | float:
    word = str(TEXT.read(node))
    try:
        return float(number().read(node))
    except ValueError:
        return word


def _clip(node: Node) -> tuple[float, float]:
    given = node.value if isinstance(node, SequenceNode) else []
    items = [float(number(0, 1).read(item)) for item in given]
    if len(items) != 2 or not items[0] < items[1]:  # noqa: PLR2004 - a pair
        raise ValueError("clip is two shares, the lower first: [0.01, 0.99]")
    return items[0], items[1]


_STEPS: dict[str, Callable[[Node], Any]] = {
    "impute": _impute,
    "clip": _clip,
    "log": FLAG.read,
    "bins": whole(2, 255).read,
    "scale": _word(*SCALE),
    "encode": _word(*ENCODE),
    "drop_low_variance": number(0).read,
}


def _reader(known: tuple[str, ...]) -> Callable[[Node], Steps]:
    def read(node: Node) -> Steps:
        found: dict[str, Any] = {}
        for name, value in _pairs(node, known):
            try:
                found[name] = _STEPS[name](value)
            except KeyError:
                raise ValueError(f"{name} is true or false") from None
            except ValueError as error:
                raise ValueError(
                    f"{name}: {error}" if str(error) else f"{name} is no such value"
                ) from None
        steps = Steps(**found)
        if "encode" not in known and isinstance(steps.impute, str) and steps.impute not in IMPUTE:
            hint = did_you_mean(steps.impute, IMPUTE) or f"known are {', '.join(IMPUTE)}"
            raise ValueError(f"impute: a number, or one of these: {hint}")
        if steps.bins and steps.scale not in (None, "none"):
            raise ValueError("bins and scale exclude each other: an interval has no size")
        return steps

    return read


def _written_steps(steps: Steps) -> str:
    parts = []
    for name in ("impute", "clip", "log", "bins", "scale", "encode", "drop_low_variance"):
        value = getattr(steps, name)
        if value is not None and value is not False:
            plain = list(value) if isinstance(value, tuple) else value
            parts.append(f"{name}: {_json(plain)}")
    return "{" + ", ".join(parts) + "}"


def _json(value: Any) -> str:
    if isinstance(value, str):
        return TEXT.write(value)
    if isinstance(value, float) and value == int(value):
        value = int(value)
    return json.dumps(value)


NUMBER_STEPS = Kind(f"a mapping of {', '.join(_OF_NUMBERS)}", _reader(_OF_NUMBERS), _written_steps)
CATEGORY_STEPS = Kind(
    f"a mapping of {', '.join(_OF_CATEGORIES)}", _reader(_OF_CATEGORIES), _written_steps
)


def _read_columns(node: Node) -> dict[str, Steps]:
    if not isinstance(node, MappingNode):
        raise ValueError("it is a mapping of columns to their steps")
    known = tuple(dict.fromkeys((*_OF_NUMBERS, *_OF_CATEGORIES)))
    known = tuple(name for name in known if name != "drop_low_variance")
    read = _reader(known)
    found = {str(TEXT.read(key)): read(value) for key, value in node.value}
    if len(found) < len(node.value):
        raise ValueError("a column stands there twice")
    return found


COLUMN_STEPS = Kind(
    "a mapping of columns to their steps",
    _read_columns,
    lambda value: (
        "{" + ", ".join(f"{TEXT.write(k)}: {_written_steps(v)}" for k, v in value.items()) + "}"
    ),
)


def _read_derived(node: Node) -> tuple[Derived, ...]:
    if not isinstance(node, MappingNode):
        raise ValueError("it is a mapping of names to formulas and aggregates")
    made = tuple(_derived(str(TEXT.read(key)), value) for key, value in node.value)
    if len({one.name for one in made}) < len(made):
        raise ValueError("a name stands there twice")
    return made


def _derived(name: str, node: Node) -> Derived:
    if isinstance(node, ScalarNode):
        return _formula(name, str(TEXT.read(node)))
    given = dict(_pairs(node, _DERIVED))
    if "formula" in given:
        return _formula(name, str(TEXT.read(given["formula"])))
    if "days" in given:
        return _formula(name, f"({TEXT.read(given['days'])}) / {_DAY}")
    for kind in ("share", "target", "text"):
        if kind in given:
            return Derived(name=name, kind=kind, columns=(str(TEXT.read(given[kind])),))
    statistic = next((one for one in STATISTICS if one in given), None)
    if statistic is None or "by" not in given:
        raise ValueError(
            f"'{name}' is a formula, or an aggregate such as {{mean: price, by: city}}, "
            "{share: city}, {target: city}, {text: note} or {days: closed - opened}"
        )
    columns = (*TEXTS.read(given["by"]), str(TEXT.read(given[statistic])))
    difference = "difference" in given and bool(FLAG.read(given["difference"]))
    return Derived(
        name=name, kind="group", columns=columns, detail=statistic, difference=difference
    )


def _formula(name: str, text: str) -> Derived:
    from keepwell.core.formulas import columns_of, parse

    return Derived(name=name, kind="formula", columns=columns_of(parse(text)), detail=text)


def _written_derived(value: tuple[Derived, ...]) -> str:
    return "{" + ", ".join(f"{TEXT.write(one.name)}: {_one(one)}" for one in value) + "}"


def _one(derived: Derived) -> str:
    if derived.kind == "formula":
        return json.dumps(derived.detail)
    if derived.kind != "group":
        return f"{{{derived.kind}: {TEXT.write(derived.columns[0])}}}"
    more = ", difference: true" if derived.difference else ""
    return (
        f"{{{derived.detail}: {TEXT.write(derived.columns[-1])}, "
        f"by: {TEXTS.write(derived.columns[:-1])}{more}}}"
    )


DERIVE = Kind("a mapping of names to formulas and aggregates", _read_derived, _written_derived)


_OF_WINDOWS = ("name", "aggregate", "of", "by", "over")


def _read_windows(node: Node) -> tuple[Window, ...]:
    if not isinstance(node, SequenceNode):
        raise ValueError("it is a list of windows")
    made = tuple(_window(item) for item in node.value)
    names = [one.name for one in made]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"the name '{twice}' stands there twice")
    return made


def _window(node: Node) -> Window:
    given = dict(_pairs(node, _OF_WINDOWS))
    said = {key: str(TEXT.read(value)) for key, value in given.items()}
    name = said.get("name", "")
    who = f"the window '{name}'" if name else "a window"
    lacking = [key for key in ("name", "aggregate", "by", "over") if not said.get(key)]
    if lacking:
        raise ValueError(f"{who} lacks `{lacking[0]}:`")
    kind = said["aggregate"]
    if kind not in AGGREGATES:
        hint = did_you_mean(kind, AGGREGATES) or f"known are {', '.join(AGGREGATES)}"
        raise ValueError(f"{who} has no aggregate '{kind}': {hint}")
    if kind != "count" and not said.get("of"):
        raise ValueError(f"{who} lacks `of:`, the number that {kind} is calculated from")
    over = parse_duration(said["over"])
    if over <= 0:
        raise ValueError(f"{who} is empty: `over:` is longer than nothing, for example 7d")
    if over > _LONGEST:
        raise ValueError(f"{who} is longer than a hundred years")
    return Window(name=name, aggregate=kind, of=said.get("of", ""), by=said["by"], over=over)


def _written_windows(value: tuple[Window, ...]) -> str:
    return "[" + ", ".join(map(_one_window, value)) + "]"


def _one_window(window: Window) -> str:
    of = f", of: {TEXT.write(window.of)}" if window.of else ""
    over = format_duration(window.over)
    if " " in over or parse_duration(over) != window.over:
        over = f"{window.over:.17g}s"
    return (
        f"{{name: {TEXT.write(window.name)}, aggregate: {window.aggregate}{of}, "
        f"by: {TEXT.write(window.by)}, over: {over}}}"
    )


WINDOWS = Kind("a list of windows over earlier rows", _read_windows, _written_windows)


def check_windows(values: Mapping[str, Any]) -> str:
    """Return what is wrong with windows beside the rest of the file; empty if nothing is."""
    windows: tuple[Window, ...] = values.get("features.windows", ())
    if not windows:
        return ""
    if not values.get("data.time"):
        return (
            "features.windows needs the time of each row: name its column, for example "
            "`data: {time: at}`"
        )
    one, several = values.get("data.target") or ("", ())
    targets = {one, *several} - {"", None}
    for window in windows:
        if targets & {window.of, window.by}:
            return (
                f"features.windows: '{window.name}' is calculated from the target, which nobody knows "
                "when a row is asked for; take another column"
            )
        if window.name in {
            *targets,
            values.get("data.key"),
            values.get("data.time"),
            window.of,
            window.by,
        }:
            return f"features.windows: '{window.name}' is a column already; give the window another name"
    return ""
