"""The kind of `monitor.objectives:`, a list: what is promised of each request, or at each moment.

    [{latency_p95_ms: 50}, {availability: 99.9%}, {freshness: {data: 1d}}, {quality: {roc_auc: 0.8}}]

Each may say beside it `target` (the share that has to be good; latency and availability say theirs by
themselves) and `period` (over how long).
"""

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from keepwell.core.spec.objectives import ObjectiveSpec
from keepwell.core.suggestions import did_you_mean
from keepwell.infrastructure.project_file.kinds import DURATION, NAME, Kind, choice, number

FRESH = ("outcomes", "data", "model")
"""What may have to be fresh."""

_LATENCY = re.compile(r"latency_p(\d{1,2}(?:\.\d+)?)_ms")
_KNOWN = ("latency_p95_ms", "availability", "freshness", "quality")
_BESIDE = ("target", "period")


def _share(node: Node) -> float:
    text = str(node.value) if isinstance(node, ScalarNode) else ""
    try:
        share = Decimal(text.removesuffix("%").strip())
    except InvalidOperation:
        raise ValueError("a share is written as 99.9% or 0.999") from None
    if text.endswith("%"):
        share /= 100
    if not 0 < share < 1:
        raise ValueError("a share lies between 0 and 1, or 0% and 100%; 100% would leave no budget")
    return float(share)


def _written_share(share: float) -> str:
    return f"{float(Decimal(repr(share)) * 100):g}%"


def _pair(node: Node) -> tuple[Node, Node]:
    if not isinstance(node, MappingNode) or len(node.value) != 1:
        raise ValueError("it is one name and its limit, such as {roc_auc: 0.8} or {data: 1d}")
    key, value = node.value[0]
    return key, value


def _latency(name: str, node: Node) -> dict[str, Any]:
    found = _LATENCY.fullmatch(name)
    percentile = Decimal(found[1]) if found else Decimal(0)
    if not 0 < percentile < 100:  # noqa: PLR2004
        raise ValueError("it is called like latency_p95_ms")
    limit = number(0, inside=True).read(node)
    return {"kind": "latency", "target": float(percentile / 100), "limit": limit}


def _freshness(node: Node) -> dict[str, Any]:
    if isinstance(node, ScalarNode):
        return {"kind": "freshness", "of": FRESH[0], "limit": DURATION.read(node)}
    key, value = _pair(node)
    of = choice(*FRESH).read(key)
    return {"kind": "freshness", "of": of, "limit": DURATION.read(value)}


def _quality(node: Node, scores: bool) -> dict[str, Any]:
    from keepwell.infrastructure.project_file.keys import METRIC

    key, value = _pair(node)
    of = (NAME if scores else METRIC).read(key)
    return {"kind": "quality", "of": of, "limit": number().read(value)}


def _promise(name: str, node: Node, scores: bool) -> dict[str, Any]:
    if name.startswith("latency"):
        return _latency(name, node)
    if name == "availability":
        return {"kind": name, "target": _share(node)}
    if name == "freshness":
        if scores:
            raise ValueError("calls of a language model are never stale")
        return _freshness(node)
    return _quality(node, scores)


def _entry(node: Node, scores: bool) -> ObjectiveSpec:
    at = f"line {node.start_mark.line + 1}"
    if not isinstance(node, MappingNode):
        raise ValueError(f"{at}: an objective is written as {{latency_p95_ms: 50}}")
    promised: dict[str, Any] = {}
    beside: dict[str, Any] = {}
    for key, value in node.value:
        name = str(key.value)
        if name not in (*_KNOWN, *_BESIDE) and not _LATENCY.fullmatch(name):
            hint = did_you_mean(name, (*_KNOWN, *_BESIDE)) or f"known are: {', '.join(_KNOWN)}"
            raise ValueError(f"{at}: unknown objective '{name}' — {hint}")
        try:
            if name in _BESIDE:
                beside[name] = _share(value) if name == "target" else DURATION.read(value)
            elif promised:
                raise ValueError("each objective stands behind a dash of its own")
            else:
                promised = _promise(name, value, scores)
        except (ValueError, KeyError) as error:
            own = f": {error}" if type(error) is ValueError and str(error) else ""
            raise ValueError(f"{at}: {name} cannot be read{own}") from None
    if not promised:
        raise ValueError(f"{at}: nothing is promised; known are: {', '.join(_KNOWN)}")
    if "target" in beside and promised["kind"] in ("latency", "availability"):
        raise ValueError(f"{at}: {promised['kind']} says its target by itself")
    if beside.get("period", 1.0) <= 0:
        raise ValueError(f"{at}: a period of no length has no budget")
    return ObjectiveSpec(**promised, **beside)


def _read(node: Node, *, scores: bool = False) -> tuple[ObjectiveSpec, ...]:
    if not isinstance(node, SequenceNode):
        raise ValueError("each objective stands behind a dash of its own")
    found = tuple(_entry(item, scores) for item in node.value)
    names = [one.name for one in found]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"'{twice[0]}' stands there twice")
    return found


def _write(objectives: Sequence[ObjectiveSpec]) -> str:
    return "[" + ", ".join(f"{{{_body(one)}}}" for one in objectives) + "]"


def _body(one: ObjectiveSpec) -> str:
    plain = number().write
    if one.kind == "latency":
        parts = [f"{one.name}: {plain(one.limit)}"]
    elif one.kind == "availability":
        parts = [f"availability: {_written_share(one.target)}"]
    else:
        limit = DURATION.write(one.limit) if one.kind == "freshness" else plain(one.limit)
        parts = [f"{one.kind}: {{{one.of}: {limit}}}"]
        if one.target != ObjectiveSpec.__dataclass_fields__["target"].default:
            parts.append(f"target: {_written_share(one.target)}")
    if one.period != ObjectiveSpec.__dataclass_fields__["period"].default:
        parts.append(f"period: {DURATION.write(one.period)}")
    return ", ".join(parts)


OBJECTIVES = Kind("a list of objectives", _read, _write)
SCORE_OBJECTIVES = Kind("a list of objectives", partial(_read, scores=True), _write)
"""Those of `traces.objectives`: what is `quality` there is a score, and nothing is ever stale."""
