"""`LGBMClassifier` and `LGBMRegressor`."""

from typing import Any

import numpy as np

from keepwell.deployment.onnx.writing.blocks import Block, NotExportableError
from keepwell.deployment.onnx.writing.estimators.forest import Forest
from keepwell.deployment.onnx.writing.estimators.links import pair, sigmoid, softmax
from keepwell.deployment.onnx.writing.graph import Graph

_AS_IT_IS = ("regression", "regression_l1", "huber", "fair", "quantile", "mape")
_EXPONENTIAL = ("poisson", "gamma", "tweedie")


def write_lightgbm(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write the booster up to its best iteration, and what its objective makes of the sum."""
    if callable(fitted.objective):
        raise NotExportableError(
            f"{type(fitted).__name__} has an objective of its own",
            why="what it makes of the trees' sum is Python code",
            now="train with one of LightGBM's own objectives",
        )
    booster = fitted.booster_
    if booster.pandas_categorical:
        raise NotExportableError(
            f"{type(fitted).__name__} was fitted on pandas categories",
            why="their codes are known to pandas only",
            now="encode them by an OrdinalEncoder in the pipeline",
        )
    model = booster.dump_model()
    width = int(model["num_tree_per_iteration"])
    forest = Forest(targets=width)
    for number, tree in enumerate(model["tree_info"]):
        forest.plant(_grow(forest, tree["tree_structure"], number % width))
    raw = forest.write(graph, graph.matrix(blocks))
    if model.get("average_output"):
        rounds = graph.constant(np.float64(max(1, len(model["tree_info"]) // width)))
        raw = Block(name=graph.node("Div", raw.name, rounds), width=width)
    return _link(graph, str(model["objective"]), raw)


def _grow(forest: Forest, tree: dict[str, Any], target: int) -> int:
    """Add a tree, children before their parent's link, and return its root's mark."""
    if "leaf_value" in tree:
        if tree.get("leaf_coeff"):
            raise NotExportableError(
                "LightGBM's trees have linear leaves",
                why="ONNX's leaves are constants",
                now="train with linear_tree=False",
            )
        return forest.add_leaf(target, float(tree["leaf_value"]))
    test: float | list[float]
    kind = tree["missing_type"]
    if tree["decision_type"] == "==":
        test = [float(code) for code in str(tree["threshold"]).split("||")]
        missing_left = kind == "None" and 0.0 in test  # nan counts as 0 where training saw none
    else:
        test = float(tree["threshold"])
        missing_left = bool(tree["default_left"]) if kind == "NaN" else test >= 0
    if kind == "Zero":
        raise NotExportableError(
            "LightGBM takes zeros for missing values",
            why="ONNX's trees have no such rule",
            now="train with zero_as_missing=False",
        )
    node = forest.add_node(int(tree["split_feature"]), test, missing_left=missing_left)
    left = _grow(forest, tree["left_child"], target)
    forest.link(node, left, _grow(forest, tree["right_child"], target))
    return node


def _link(graph: Graph, objective: str, raw: Block) -> Block:
    name, _, rest = objective.partition(" ")
    settings = dict(word.split(":", 1) for word in rest.split() if ":" in word)
    factor = float(settings.get("sigmoid", 1.0))
    if name == "binary":
        return pair(graph, sigmoid(graph, raw, factor))
    if name == "multiclass":
        return softmax(graph, raw)
    if name in ("multiclassova", "cross_entropy"):
        return sigmoid(graph, raw, factor)
    if name in _EXPONENTIAL:
        return Block(name=graph.node("Exp", raw.name), width=raw.width)
    if name in _AS_IT_IS and "sqrt" not in rest.split():
        return raw
    raise NotExportableError(
        f"LightGBM's objective '{objective}' has no ONNX form here",
        why=f"known are binary, multiclass, {', '.join((*_AS_IT_IS, *_EXPONENTIAL))}",
        now="train with one of them",
    )
