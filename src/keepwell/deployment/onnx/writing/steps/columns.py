"""`Pipeline` of transformers, `ColumnTransformer`, `FeatureUnion`, passthrough."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keepwell.deployment.onnx.writing.blocks import Block, NotExportableError
from keepwell.deployment.onnx.writing.graph import Graph
from keepwell.deployment.onnx.writing.pipeline import write_step
from keepwell.deployment.scoring.parts import name_of


def write_chain(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write the steps of a `Pipeline` one after the other."""
    for _, step in fitted.steps:
        if step is not None and step != "passthrough":
            blocks = [write_step(graph, step, blocks)]
    return graph.matrix(blocks)


def write_split(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write the transformers of a `ColumnTransformer` side by side."""
    names = [str(name) for name in getattr(fitted, "feature_names_in_", ())]
    results = []
    for _, transformer, columns in fitted.transformers_:
        if transformer == "drop":
            continue
        chosen = _select(graph, blocks, _positions(columns, names, fitted.n_features_in_))
        if chosen:
            results.append(write_step(graph, transformer, chosen))
    return graph.matrix(results)


def write_union(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write the transformers of a `FeatureUnion` side by side."""
    weights = fitted.transformer_weights or {}
    results = []
    for name, transformer in fitted.transformer_list:
        if transformer == "drop":
            continue
        result = write_step(graph, transformer, blocks)
        if name in weights:
            factor = graph.constant(np.float64(weights[name]))
            scaled = graph.node("Mul", result.name, factor)
            result = Block(name=scaled, width=result.width)
        results.append(result)
    return graph.matrix(results)


def write_passthrough(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write `passthrough`, or a `FunctionTransformer` of a NumPy function that ONNX has too."""
    block = graph.matrix(blocks)
    function = getattr(fitted, "func", None)
    if function is None:
        return block
    name = getattr(function, "__name__", "")
    if not isinstance(function, np.ufunc) or name not in _FUNCTIONS or fitted.kw_args:
        raise NotExportableError(
            f"{name_of(fitted)} calls {function!r}",
            why=f"ONNX has no such function; it has {', '.join(sorted(_FUNCTIONS))}",
            now="use one of these NumPy functions",
        )
    result = block.name
    for op, other in _FUNCTIONS[name]:
        operand = () if other is None else (graph.constant(np.float64(other)),)
        result = graph.node(op, result, *operand)
    return Block(name=result, width=block.width)


_FUNCTIONS: dict[str, Sequence[tuple[str, float | None]]] = {
    "log": [("Log", None)],
    "log1p": [("Add", 1.0), ("Log", None)],
    "exp": [("Exp", None)],
    "expm1": [("Exp", None), ("Sub", 1.0)],
    "sqrt": [("Sqrt", None)],
    "square": [("Pow", 2.0)],
    "absolute": [("Abs", None)],
    "negative": [("Neg", None)],
    "floor": [("Floor", None)],
    "ceil": [("Ceil", None)],
}


def _positions(columns: Any, names: list[str], width: int) -> list[int]:
    if isinstance(columns, str):
        return [names.index(columns)]
    if isinstance(columns, slice):
        return list(range(width))[columns]
    if isinstance(columns, int):
        return [columns]
    chosen = list(columns)
    if chosen and isinstance(chosen[0], bool | np.bool_):
        return [at for at, kept in enumerate(chosen) if kept]
    return [names.index(one) if isinstance(one, str) else int(one) % width for one in chosen]


def _select(graph: Graph, blocks: list[Block], positions: list[int]) -> list[Block]:
    if all(block.width == 1 for block in blocks):
        return [blocks[at] for at in positions]
    return [graph.columns(graph.matrix(blocks), positions)] if positions else []
