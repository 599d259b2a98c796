"""The kinds of `alerts:` — channels by name, and lists of rules, routes and steps."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from keepwell.core.alerting import (
    ACTS,
    SEVERITIES,
    ChannelSpec,
    EscalationSpec,
    RouteSpec,
    RuleSpec,
)
from keepwell.core.suggestions import did_you_mean
from keepwell.infrastructure.project_file.kinds import (
    DURATION,
    FLAG,
    NAME,
    TEXT,
    TEXTS,
    Kind,
    choice,
    entries,
    number,
    whole,
)

_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_PYTHON = re.compile(r"[^:]+\.py:[A-Za-z_]\w*")


def _read_share(node: Node) -> float:
    text = str(node.value) if isinstance(node, ScalarNode) else ""
    found = _SHARE.fullmatch(text)
    share = float(found[1]) / 100 if found else float(text)
    if share <= 0:
        raise ValueError
    return share


def _read_python(node: Node) -> str:
    text = str(TEXT.read(node))
    if not _PYTHON.fullmatch(text):
        raise ValueError("it names a file of the project and a function in it")
    return text


_SHARES = Kind("a share such as 50%", _read_share, lambda value: f'"{value * 100!r}%"')
_SEVERITY = choice(*SEVERITIES)
_RULE: Mapping[str, Kind] = {
    "name": NAME,
    "metric": TEXT,
    "signal": TEXT,
    "python": Kind("FILE.py:FUNCTION", _read_python, TEXT.write),
    "subject": TEXT,
    "endpoint": TEXT,
    "above": number(),
    "below": number(),
    "rises": _SHARES,
    "falls": _SHARES,
    "against": DURATION,
    "absent": DURATION,
    "for": DURATION,
    "severity": _SEVERITY,
    "to": TEXTS,
    "act": choice(*ACTS),
    "workers": whole(1),
}
_ROUTE: Mapping[str, Kind] = {"to": TEXTS, "severity": _SEVERITY, "endpoint": TEXT, "rule": TEXT}
_STEP: Mapping[str, Kind] = {"after": DURATION, "to": TEXTS}
_CHANNEL: Mapping[str, Kind] = {
    "webhook": TEXTS,
    "email": TEXTS,
    "apprise": TEXTS,
    "github": TEXTS,
    "gitlab": TEXTS,
    "jira": TEXTS,
    "log": FLAG,
    "secret": TEXT,
    "server": TEXT,
    "from": TEXT,
}
_KINDS = ("webhook", "email", "apprise", "github", "gitlab", "jira", "log")
_SECRET = ("webhook", "github", "gitlab", "jira")
_FIELD = {"for": "lasting", "from": "sender"}
_TESTS = ("above", "below", "rises", "falls", "absent")


def _renamed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {_FIELD.get(name, name): value for name, value in values.items()}


def _rule(node: Node) -> RuleSpec:
    values = entries(node, _RULE, "rule")
    name = values.get("name")
    if not name:
        raise ValueError(f"the rule in line {node.start_mark.line + 1} has no name")
    sources = [key for key in ("metric", "signal", "python") if key in values]
    if len(sources) != 1:
        raise ValueError(f"the rule '{name}' needs exactly one of metric, signal and python")
    tests = [key for key in _TESTS if key in values]
    if sources == ["metric"] and len(tests) != 1:
        raise ValueError(f"the rule '{name}' needs exactly one of {', '.join(_TESTS)}")
    if sources != ["metric"] and set(tests) - ({"above"} if sources == ["signal"] else set()):
        raise ValueError(f"the rule '{name}': {tests[0]} needs a metric")
    if (values.get("act") == "scale") != ("workers" in values):
        raise ValueError(f"the rule '{name}': `act: scale` and `workers:` belong together")
    return RuleSpec(**_renamed(values))


def _route(node: Node) -> RouteSpec:
    values = entries(node, _ROUTE, "route")
    if not values.get("to"):
        raise ValueError(f"the route in line {node.start_mark.line + 1} has no `to:`")
    return RouteSpec(**values)


def _step(node: Node) -> EscalationSpec:
    values = entries(node, _STEP, "step")
    if set(values) != set(_STEP) or not values["to"]:
        raise ValueError(f"the step in line {node.start_mark.line + 1} needs `after:` and `to:`")
    return EscalationSpec(**values)


def _channel(name: str, node: Node) -> ChannelSpec:
    values = entries(node, _CHANNEL, "channel")
    kinds = [key for key in _KINDS if key in values]
    if len(kinds) != 1:
        raise ValueError(f"the channel '{name}' needs exactly one of {', '.join(_KINDS)}")
    (kind,) = kinds
    to = values.pop(kind)
    if kind == "email" and not {"server", "from"} <= set(values):
        raise ValueError(f"the channel '{name}' needs `server:` and `from:`")
    allowed = {"secret"} if kind in _SECRET else {"server", "from"} if kind == "email" else set()
    if extra := sorted(set(values) - allowed):
        raise ValueError(f"the channel '{name}': {extra[0]} does not belong to {kind}")
    return ChannelSpec(name=name, kind=kind, to=() if kind == "log" else to, **_renamed(values))


def _read_channels(node: Node) -> tuple[ChannelSpec, ...]:
    if not isinstance(node, MappingNode):
        raise ValueError("each channel has a name: {ops: {webhook: https://…}}")
    found = tuple(_channel(NAME.read(key), value) for key, value in node.value)
    if len({one.name for one in found}) < len(found):
        raise ValueError("a channel stands there twice")
    return found


def _list_of(read: Callable[[Node], Any], each: str) -> Callable[[Node], tuple[Any, ...]]:
    def whole_list(node: Node) -> tuple[Any, ...]:
        if not isinstance(node, SequenceNode):
            raise ValueError(f"each {each} stands behind a dash of its own")
        found = tuple(read(item) for item in node.value)
        names = [one.name for one in found if isinstance(one, RuleSpec)]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"two rules have the name '{twice[0]}'")
        return found

    return whole_list


def _written(item: Any, known: Mapping[str, Kind]) -> str:
    plain = {one.name: one.default for one in fields(item)}
    pairs = (
        f"{name}: {kind.write(value)}"
        for name, kind in known.items()
        if (value := getattr(item, _FIELD.get(name, name))) != plain[_FIELD.get(name, name)]
    )
    return "{" + ", ".join(pairs) + "}"


def _write_list(known: Mapping[str, Kind]) -> Callable[[Sequence[Any]], str]:
    return lambda items: "[" + ", ".join(_written(item, known) for item in items) + "]"


def _write_channels(channels: Sequence[ChannelSpec]) -> str:
    return "{" + ", ".join(f"{one.name}: {_write_channel(one)}" for one in channels) + "}"


def _write_channel(one: ChannelSpec) -> str:
    pairs = [f"{one.kind}: {TEXTS.write(one.to) if one.to else 'true'}"]
    extras = (("secret", one.secret), ("server", one.server), ("from", one.sender))
    pairs += [f"{name}: {TEXT.write(value)}" for name, value in extras if value]
    return "{" + ", ".join(pairs) + "}"


CHANNELS = Kind("channels by name", _read_channels, _write_channels)
RULES = Kind("a list of rules", _list_of(_rule, "rule"), _write_list(_RULE))
ROUTES = Kind("a list of routes", _list_of(_route, "route"), _write_list(_ROUTE))
STEPS_OF_ESCALATION = Kind("a list of steps", _list_of(_step, "step"), _write_list(_STEP))


def check_names(alerts: Mapping[str, Any]) -> str:
    """Return what is wrong with the channels that rules, routes and steps name; empty if nothing is."""
    known = {"log", *(one.name for one in alerts.get("channels", ()))}
    for section in ("rules", "routes", "escalate"):
        for one in alerts.get(section, ()):
            for name in one.to:
                if name not in known:
                    hint = did_you_mean(name, known) or f"there are: {', '.join(sorted(known))}"
                    return f"alerts.{section} names the channel '{name}', which is none — {hint}"
    return ""
