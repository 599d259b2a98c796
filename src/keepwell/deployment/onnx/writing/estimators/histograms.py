"""`HistGradientBoostingClassifier` and `HistGradientBoostingRegressor`."""

from typing import Any

import numpy as np

from keepwell.deployment.onnx.writing.blocks import Block, NotExportableError
from keepwell.deployment.onnx.writing.estimators.forest import Forest
from keepwell.deployment.onnx.writing.estimators.links import pair, sigmoid, softmax
from keepwell.deployment.onnx.writing.graph import Graph


def write_histograms(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write the trees, which compare doubles, on top of the baseline."""
    if fitted.is_categorical_ is not None:
        raise NotExportableError(
            f"{type(fitted).__name__} encodes categories by itself",
            why="its codes are known to no other part of the pipeline",
            now="encode them by an OrdinalEncoder or OneHotEncoder in the pipeline",
        )
    width = int(fitted.n_trees_per_iteration_)
    forest = Forest(targets=width)
    for trees in fitted._predictors:
        for target, tree in enumerate(trees):
            forest.plant(_grow(forest, tree.nodes, 0, target))
    trees = forest.write(graph, graph.matrix(blocks))
    base = np.asarray(fitted._baseline_prediction, dtype=np.float64).reshape(1, -1)
    raw = Block(name=graph.node("Add", trees.name, graph.constant(base)), width=width)
    link = type(fitted._loss.link).__name__
    if link == "LogitLink":
        return pair(graph, sigmoid(graph, raw))
    if link == "MultinomialLogit":
        return softmax(graph, raw)
    if link == "LogLink":
        return Block(name=graph.node("Exp", raw.name), width=width)
    return raw


def _grow(forest: Forest, nodes: Any, at: int, target: int) -> int:
    """Add the part of a tree below a node, and return its mark."""
    node = nodes[at]
    if node["is_leaf"]:
        return forest.add_leaf(target, float(node["value"]))
    made = forest.add_node(
        int(node["feature_idx"]),
        float(node["num_threshold"]),
        missing_left=bool(node["missing_go_to_left"]),
    )
    left = _grow(forest, nodes, int(node["left"]), target)
    right = _grow(forest, nodes, int(node["right"]), target)
    forest.link(made, left, right)
    return made
