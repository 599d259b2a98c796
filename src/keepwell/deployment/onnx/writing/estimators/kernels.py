"""Kernel ridge: likeness to rows that are known, in doubles."""

from typing import Any

import numpy as np

from keepwell.deployment.onnx.writing.blocks import Block
from keepwell.deployment.onnx.writing.estimators.links import softmax
from keepwell.deployment.onnx.writing.graph import Graph


def write_kernel(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write a `KernelClassifier` or a `KernelRegressor`."""
    features = graph.matrix(blocks)
    above = graph.node("Max", features.name, graph.constant(fitted.low_[None, :]))
    within = graph.node("Min", above, graph.constant(fitted.high_[None, :]))
    moved = graph.node("Sub", within, graph.constant(fitted.centre_[None, :]))
    placed = graph.node("Mul", moved, graph.constant(np.float64(fitted.scale_)))
    vectors = np.ascontiguousarray(2.0 * fitted.vectors_.T)
    alike = graph.node("MatMul", placed, graph.constant(vectors))
    axes = graph.constant(np.array([1], dtype=np.int64))
    length = graph.node("ReduceSum", graph.node("Mul", placed, placed), axes, keepdims=1)
    lengths = graph.constant((fitted.vectors_**2).sum(axis=1)[None, :])
    apart = graph.node("Sub", graph.node("Sub", alike, lengths), length)
    weights = graph.constant(np.ascontiguousarray(fitted.weighing_.T))
    added = graph.node("MatMul", graph.node("Exp", apart), weights)
    sums = graph.node("Add", added, graph.constant(fitted.added_[None, :]))
    block = Block(name=sums, width=len(fitted.added_))
    return softmax(graph, block) if hasattr(fitted, "classes_") else block
