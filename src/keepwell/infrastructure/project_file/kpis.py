"""The kind of `monitor.kpis:`: a mapping from names to a question in SQL, a target and a direction."""

from collections.abc import Sequence

from yaml.nodes import MappingNode, Node, ScalarNode

from keepwell.core.spec import KpiSpec
from keepwell.infrastructure.project_file.kinds import (
    FLAG,
    NAME,
    TEXT,
    Kind,
    choice,
    entries_of,
    number,
)

_KINDS = {"sql": TEXT, "target": number(), "direction": choice("higher", "lower"), "money": FLAG}


def _read(node: Node) -> tuple[KpiSpec, ...]:
    if not isinstance(node, MappingNode):
        raise ValueError("each has a name: {NAME: {sql: …}}")
    found = tuple(_entry(key, value) for key, value in node.value)
    names = [one.name for one in found]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"'{twice[0]}' stands there twice")
    return found


def _entry(key: Node, node: Node) -> KpiSpec:
    name = str(NAME.read(key))
    at = f"line {key.start_mark.line + 1}"
    if isinstance(node, ScalarNode):
        return KpiSpec(name=name, sql=str(TEXT.read(node)))
    if not isinstance(node, MappingNode):
        raise ValueError(f"{at}: '{name}' has neither a text of SQL nor keys of its own")
    values = entries_of(name, node, _KINDS)
    if "sql" not in values:
        raise ValueError(f"{at}: '{name}' has no sql")
    return KpiSpec(name=name, **values)


def _write(kpis: Sequence[KpiSpec]) -> str:
    return "{" + ", ".join(f"{NAME.write(one.name)}: {{{_body(one)}}}" for one in kpis) + "}"


def _body(kpi: KpiSpec) -> str:
    parts = [f"sql: {TEXT.write(kpi.sql)}"]
    if kpi.target is not None:
        parts.append(f"target: {_KINDS['target'].write(kpi.target)}")
    if kpi.direction != "higher":
        parts.append(f"direction: {kpi.direction}")
    if kpi.money:
        parts.append("money: true")
    return ", ".join(parts)


KPIS = Kind("a mapping of names to {sql, target, direction, money}", _read, _write)
