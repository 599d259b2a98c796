"""The kind of `monitor.export`, a list of mappings."""

from collections.abc import Sequence
from dataclasses import fields

from yaml.nodes import Node, SequenceNode

from keepwell.core.spec import DIALECTS, EXPORTS_TO, FORMS, WHAT, ExportSpec
from keepwell.infrastructure.project_file.kinds import (
    DURATION,
    TEXT,
    Kind,
    choice,
    choices,
    entries,
    mapping,
)

_KINDS = {
    "to": choice(*EXPORTS_TO),
    "url": TEXT,
    "address": TEXT,
    "path": TEXT,
    "format": choice(*FORMS),
    "dialect": choice(*DIALECTS),
    "headers": mapping(TEXT, TEXT),
    "what": choices(*WHAT),
    "every": DURATION,
}
_NEEDED = {"otlp": ("url",), "statsd": ("address",), "json": ("path", "url")}
_TAKEN = {
    "otlp": {"to", "url", "headers", "what", "every"},
    "statsd": {"to", "address", "dialect", "every"},
    "json": {"to", "path", "url", "format", "headers", "what", "every"},
}


def _read(node: Node) -> tuple[ExportSpec, ...]:
    if not isinstance(node, SequenceNode):
        raise ValueError("each receiver stands behind a dash of its own")
    return tuple(_receiver(item) for item in node.value)


def _receiver(node: Node) -> ExportSpec:
    line = f"line {node.start_mark.line + 1}"
    values = entries(node, _KINDS, "receiver")
    to = values.get("to")
    if to is None:
        raise ValueError(f"the receiver in {line} has no 'to': {', '.join(EXPORTS_TO)}")
    strange = sorted(values.keys() - _TAKEN[to])
    if strange:
        raise ValueError(f"the receiver in {line}: '{strange[0]}' says nothing to {to}")
    if sum(name in values for name in _NEEDED[to]) != 1:
        raise ValueError(f"the receiver in {line} needs {' or '.join(_NEEDED[to])}")
    if "url" in values and not values["url"].startswith(("http://", "https://")):
        raise ValueError(f"the receiver in {line}: a url begins with http:// or https://")
    if values.get("every", 1.0) < 1:
        raise ValueError(f"the receiver in {line}: every is a second at least")
    return ExportSpec(**values)


def _write(receivers: Sequence[ExportSpec]) -> str:
    plain = {item.name: item.default for item in fields(ExportSpec)}
    written = (
        ", ".join(
            f"{name}: {kind.write(getattr(one, name))}"
            for name, kind in _KINDS.items()
            if name == "to" or (getattr(one, name) and getattr(one, name) != plain[name])
        )
        for one in receivers
    )
    return "[" + ", ".join(f"{{{one}}}" for one in written) + "]"


EXPORTS = Kind("a list of receivers", _read, _write)
