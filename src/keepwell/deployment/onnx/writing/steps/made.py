"""Features that were made: formulas, group statistics, frequencies, clipped and logarithmic numbers."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from keepwell.deployment.onnx.writing.blocks import Block, NotExportableError
from keepwell.deployment.onnx.writing.graph import Graph

_OPERATORS = {"+": "Add", "-": "Sub", "*": "Mul", "/": "Div"}
_BETWEEN = "\x1f"  # labels of a group: a character that no label has


def write_formula(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write a `Formula`: whatever is not finite on the way is a gap."""
    block = graph.matrix(blocks)
    return Block(name=_value(graph, json.loads(fitted.tree), block), width=1)


def _value(graph: Graph, tree: Any, block: Block) -> str:
    kind = tree[0]
    if kind == "column":
        answer = graph.columns(block, [int(tree[1])]).name
    elif kind == "number":
        answer = graph.constant(np.array([[float(tree[1])]]))
    elif kind in _OPERATORS:
        sides = [_value(graph, part, block) for part in tree[1:]]
        answer = graph.node(_OPERATORS[kind], *sides)
    else:
        inner = _value(graph, tree[1], block)
        answer = _log1p(graph, inner) if kind == "log1p" else graph.node(kind.capitalize(), inner)
    gap = graph.constant(np.float64("nan"))
    return graph.node("Where", graph.node("IsInf", answer), gap, answer)


def _log1p(graph: Graph, name: str) -> str:
    """Write log(1 + x) that is as exact for a small x as for others (Kahan's way)."""
    one = graph.constant(np.float64(1))
    more = graph.node("Add", name, one)
    kept = graph.node("Sub", more, one)
    lost = graph.node("Equal", kept, graph.constant(np.float64(0)))
    divisor = graph.node("Where", lost, one, kept)
    bent = graph.node("Mul", graph.node("Log", more), graph.node("Div", name, divisor))
    endless = graph.node("IsInf", more)  # where the quotient is none
    small = graph.node("Where", lost, name, bent)
    return graph.node("Where", endless, graph.node("Log", more), small)


def write_clip(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write a `Clip`; gaps stay gaps."""
    block = graph.matrix(blocks)
    name = block.name
    for compare, bounds in (("Less", fitted.low_), ("Greater", fitted.high_)):
        bound = graph.constant(np.asarray(bounds, dtype=np.float64).reshape(1, -1))
        name = graph.node("Where", graph.node(compare, name, bound), bound, name)
    return Block(name=name, width=block.width)


def write_signed_log(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write a `SignedLog`."""
    block = graph.matrix(blocks)
    size = _log1p(graph, graph.node("Abs", block.name))
    below = graph.node("Less", block.name, graph.constant(np.float64(0)))
    return Block(name=graph.node("Where", below, graph.node("Neg", size), size), width=block.width)


def write_frequency(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write a `Frequency`."""
    found = [
        _looked_up(graph, column, [[label] for label in labels], shares, 0.0)
        for column, labels, shares in zip(
            _single(graph, blocks), fitted.labels_, fitted.shares_, strict=True
        )
    ]
    return graph.matrix(found)


def write_group(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write a `GroupStatistic`."""
    *labels, number = _single(graph, blocks)
    _must_be_text(labels)
    joined = labels[0].name
    for column in labels[1:]:
        joined = graph.node("StringConcat", joined, graph.constant(np.array([[_BETWEEN]])))
        joined = graph.node("StringConcat", joined, column.name)
    group = Block(name=joined, width=1, text=True)
    found = _looked_up(graph, group, fitted.labels_, fitted.values_, fitted.fallback_)
    if not fitted.difference:
        return found
    return Block(name=graph.node("Sub", number.name, found.name), width=1)


def _single(graph: Graph, blocks: Sequence[Block]) -> list[Block]:
    return [
        graph.columns(block, [at]) if block.width > 1 else block
        for block in blocks
        for at in range(block.width)
    ]


def _looked_up(
    graph: Graph,
    column: Block,
    keys: Sequence[Sequence[Any]],
    values: Sequence[float],
    fallback: float,
) -> Block:
    """Return the number of each row's label, or labels; the fallback where they are not known."""
    _must_be_text([column])
    words = [_BETWEEN.join("" if label is None else str(label) for label in key) for key in keys]
    table = graph.constant(np.array([*values, fallback], dtype=np.float64))
    words = words or [_BETWEEN]  # a table of nothing has no form: one that no row is of
    if len(values) < len(words):
        table = graph.constant(np.array([fallback, fallback], dtype=np.float64))
    place = graph.node(
        "LabelEncoder",
        column.name,
        domain="ai.onnx.ml",
        keys_strings=words,
        values_int64s=list(range(len(words))),
        default_int64=-1,
    )
    return Block(name=graph.node("Gather", table, place), width=1)


def _must_be_text(columns: Sequence[Block]) -> None:
    if not all(column.text for column in columns):
        raise NotExportableError(
            "a group is told by a number",
            why="groups of rows are told by labels",
            now="declare the column as a category with `types:` under `data:`",
        )
