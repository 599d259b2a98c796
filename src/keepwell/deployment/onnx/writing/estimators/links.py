"""From raw scores to probabilities."""

import numpy as np

from keepwell.deployment.onnx.writing.blocks import Block
from keepwell.deployment.onnx.writing.graph import Graph


def sigmoid(graph: Graph, raw: Block, factor: float = 1.0) -> Block:
    """Return 1 / (1 + exp(-factor * raw)), written out: runtimes' own is less exact in doubles."""
    scaled = graph.node("Mul", raw.name, graph.constant(np.float64(-factor)))
    one = graph.constant(np.float64(1))
    below = graph.node("Add", graph.node("Exp", scaled), one)
    return Block(name=graph.node("Div", one, below), width=raw.width)


def softmax(graph: Graph, raw: Block) -> Block:
    """Return the shares of the exponentials."""
    return Block(name=graph.node("Softmax", raw.name, axis=1), width=raw.width)


def pair(graph: Graph, second: Block) -> Block:
    """Return the probabilities of both classes, given the second's."""
    first = graph.node("Sub", graph.constant(np.float64(1)), second.name)
    return graph.matrix([Block(name=first, width=1), second])


def shares(graph: Graph, scores: Block) -> Block:
    """Return each row divided by its sum."""
    axes = graph.constant(np.array([1], dtype=np.int64))
    total = graph.node("ReduceSum", scores.name, axes, keepdims=1)
    return Block(name=graph.node("Div", scores.name, total), width=scores.width)
