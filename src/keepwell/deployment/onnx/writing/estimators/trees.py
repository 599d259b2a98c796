"""Scikit-learn's trees, forests and gradient boosting.

They compare single precision values with double splits, so the columns are rounded before the trees.
"""

from typing import Any

import numpy as np

from keepwell.deployment.onnx.writing.blocks import Block, NotExportableError
from keepwell.deployment.onnx.writing.estimators.forest import Forest
from keepwell.deployment.onnx.writing.estimators.links import pair, sigmoid, softmax
from keepwell.deployment.onnx.writing.graph import Graph

_LEAF = -1
_PAIR = 2


def write_trees(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write a decision tree, a random forest or extra trees: the mean of what the trees say."""
    trees = getattr(fitted, "estimators_", None)
    trees = [fitted] if trees is None else list(trees)
    classes = getattr(fitted, "classes_", None)
    if getattr(fitted, "n_outputs_", 1) != 1:
        raise NotExportableError(
            f"{type(fitted).__name__} has several targets",
            why="a version answers one",
            now="fit one model a target",
        )
    # A pair needs the second class only; of more, each class has its own copy of the trees, because a
    # leaf speaks for one class.
    wanted = [0] if classes is None else [1] if len(classes) == _PAIR else range(len(classes))
    forest = Forest(targets=len(wanted))
    for tree in trees:
        values = _values(tree.tree_, classes is not None) / len(trees)
        for target, column in enumerate(wanted):
            forest.plant(_grow(forest, tree.tree_, 0, target, values[:, column]))
    answer = forest.write(graph, _rounded(graph, blocks))
    return pair(graph, answer) if classes is not None and len(classes) == _PAIR else answer


def write_gradient_boosting(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write a `GradientBoostingClassifier` or `GradientBoostingRegressor`."""
    if fitted.init_ != "zero" and type(fitted.init_).__name__ not in (
        "DummyClassifier",
        "DummyRegressor",
    ):
        raise NotExportableError(
            f"{type(fitted).__name__} starts from {type(fitted.init_).__name__}",
            why="only a constant start is written",
            now="leave `init` at None",
        )
    width = fitted.estimators_.shape[1]
    forest = Forest(targets=width)
    for trees in fitted.estimators_:
        for target, tree in enumerate(trees):
            values = _values(tree.tree_, False)[:, 0] * fitted.learning_rate
            forest.plant(_grow(forest, tree.tree_, 0, target, values))
    raw = forest.write(graph, _rounded(graph, blocks))
    # What it says before the first tree is the same for every row.
    start = np.asarray(
        fitted._raw_predict_init(np.zeros((1, fitted.n_features_in_), dtype=np.float32)),
        dtype=np.float64,
    )
    raw = Block(name=graph.node("Add", raw.name, graph.constant(start.reshape(1, -1))), width=width)
    if getattr(fitted, "classes_", None) is None:
        return raw
    if fitted.loss != "log_loss":
        factor = 2.0 if width == 1 else 1.0  # the exponential loss counts half
        return pair(graph, sigmoid(graph, raw, factor))
    return pair(graph, sigmoid(graph, raw)) if width == 1 else softmax(graph, raw)


def _rounded(graph: Graph, blocks: list[Block]) -> Block:
    from onnx import TensorProto

    block = graph.matrix(blocks)
    single = graph.node("Cast", block.name, to=TensorProto.FLOAT)
    return Block(name=graph.doubles(single), width=block.width)


def _values(tree: Any, classifies: bool) -> Any:
    values = np.asarray(tree.value[:, 0, :], dtype=np.float64)
    return values / values.sum(axis=1, keepdims=True) if classifies else values


def _grow(forest: Forest, tree: Any, node: int, target: int, values: Any) -> int:
    """Add the part of a tree below a node, and return its mark."""
    if tree.children_left[node] == _LEAF:
        return forest.add_leaf(target, float(values[node]))
    gaps = bool(tree.missing_go_to_left[node])
    made = forest.add_node(int(tree.feature[node]), float(tree.threshold[node]), missing_left=gaps)
    left = _grow(forest, tree, tree.children_left[node], target, values)
    right = _grow(forest, tree, tree.children_right[node], target, values)
    forest.link(made, left, right)
    return made
