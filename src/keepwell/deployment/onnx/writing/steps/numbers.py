"""Imputers and scalers."""

from typing import Any

import numpy as np

from keepwell.deployment.onnx.writing.blocks import Block, NotExportableError
from keepwell.deployment.onnx.writing.graph import Graph


def write_imputer(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write a `SimpleImputer`, with its columns that say what was missing."""
    block = graph.matrix(blocks)
    marker = fitted.missing_values
    if block.text:
        if not (marker is None or (isinstance(marker, float) and np.isnan(marker))):
            raise NotExportableError(
                f"SimpleImputer looks for {marker!r} among labels",
                why="a missing label is None or nan here",
                now="leave `missing_values` at nan or None for label columns",
            )
        missing = graph.node("Equal", block.name, graph.constant(np.array([""])))
        statistics = np.array([str(word) for word in fitted.statistics_])
    else:
        if not (isinstance(marker, float) and np.isnan(marker)):
            raise NotExportableError(
                f"SimpleImputer looks for {marker!r} among numbers",
                why="a missing number is nan here",
                now="leave `missing_values` at nan for number columns",
            )
        missing = graph.node("IsNaN", block.name)
        statistics = np.asarray(fitted.statistics_, dtype=np.float64)
    filled = graph.node("Where", missing, graph.constant(statistics.reshape(1, -1)), block.name)
    result = Block(name=filled, width=block.width, text=block.text)
    if not block.text and np.isnan(statistics).any():  # columns without a single value are dropped
        result = graph.columns(result, np.flatnonzero(~np.isnan(statistics)).tolist())
    if fitted.indicator_ is None:
        return result
    flags = Block(name=graph.doubles(missing), width=block.width)
    flagged = graph.columns(flags, [int(at) for at in fitted.indicator_.features_])
    return graph.matrix([result, flagged])


def write_standard(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write a `StandardScaler`."""
    mean = fitted.mean_ if fitted.with_mean else None
    return _affine(graph, blocks, minus=mean, over=fitted.scale_ if fitted.with_std else None)


def write_robust(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write a `RobustScaler`."""
    return _affine(graph, blocks, minus=fitted.center_, over=fitted.scale_)


def write_max_abs(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write a `MaxAbsScaler`."""
    if getattr(fitted, "clip", False):
        raise NotExportableError("MaxAbsScaler clips", now="leave `clip` at False")
    return _affine(graph, blocks, over=fitted.scale_)


def write_min_max(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write a `MinMaxScaler`."""
    block = graph.matrix(blocks)
    scaled = graph.node("Mul", block.name, graph.constant(np.asarray(fitted.scale_)))
    moved = graph.node("Add", scaled, graph.constant(np.asarray(fitted.min_)))
    if fitted.clip:
        low, high = (graph.constant(np.float64(limit)) for limit in fitted.feature_range)
        moved = graph.node("Clip", moved, low, high)
    return Block(name=moved, width=block.width)


def _affine(graph: Graph, blocks: list[Block], *, minus: Any = None, over: Any = None) -> Block:
    block = graph.matrix(blocks)
    name = block.name
    if minus is not None:
        name = graph.node("Sub", name, graph.constant(np.asarray(minus, dtype=np.float64)))
    if over is not None:
        name = graph.node("Div", name, graph.constant(np.asarray(over, dtype=np.float64)))
    return Block(name=name, width=block.width)
