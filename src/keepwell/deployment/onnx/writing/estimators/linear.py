"""Linear models, constants, and models of a transformed target."""

from typing import Any

import numpy as np

from keepwell.deployment.onnx.writing.blocks import Block, NotExportableError
from keepwell.deployment.onnx.writing.estimators.links import pair, shares, sigmoid, softmax
from keepwell.deployment.onnx.writing.graph import Graph
from keepwell.deployment.onnx.writing.pipeline import write_estimator

_PAIR = 2
_INVERSES: dict[str, list[tuple[str, float | None]]] = {
    "expm1": [("Exp", None), ("Sub", 1.0)],
    "exp": [("Exp", None)],
    "square": [("Pow", 2.0)],
    "sqrt": [("Sqrt", None)],
}


def write_linear(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write a linear regression of one target."""
    coefficients = np.asarray(fitted.coef_, dtype=np.float64).reshape(1, -1)
    return _scores(graph, blocks, coefficients, np.reshape(fitted.intercept_, (-1,)))


def write_logistic(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write a logistic regression."""
    raw = _scores(graph, blocks, np.asarray(fitted.coef_), np.asarray(fitted.intercept_))
    if len(fitted.classes_) == _PAIR:
        return pair(graph, sigmoid(graph, raw))
    one_against_all = getattr(fitted, "multi_class", "auto") == "ovr" or (
        getattr(fitted, "solver", "") == "liblinear"
    )
    return shares(graph, sigmoid(graph, raw)) if one_against_all else softmax(graph, raw)


def write_constant(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write a `DummyClassifier` or `DummyRegressor`: the same answer to every row."""
    if getattr(fitted, "classes_", None) is None:
        values = np.asarray(fitted.constant_, dtype=np.float64).reshape(1, -1)
    elif fitted.strategy in ("prior", "most_frequent", "constant"):
        values = np.asarray(fitted.predict_proba(np.zeros((1, 1))), dtype=np.float64)
    else:
        raise NotExportableError(
            f"DummyClassifier answers by chance (strategy '{fitted.strategy}')",
            why="an ONNX model answers the same row always alike",
            now="use the strategy 'prior'",
        )
    # One zero a row, whatever comes in: no arithmetic on inputs, which may be nan or text.
    rows = graph.node("Shape", blocks[0].name, start=0, end=1)
    shape = graph.node("Concat", rows, graph.constant(np.array([1], dtype=np.int64)), axis=0)
    zeros = graph.node("Expand", graph.constant(np.zeros((1, 1))), shape)
    return Block(name=graph.node("Add", zeros, graph.constant(values)), width=values.shape[1])


def write_transformed(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write a `TransformedTargetRegressor`, its inverse one of a few NumPy functions."""
    answer = write_estimator(graph, fitted.regressor_, blocks)
    if fitted.transformer is not None or fitted.inverse_func is None:
        if fitted.transformer is None and fitted.func is None:
            return answer
        raise NotExportableError(
            "TransformedTargetRegressor has a transformer of its own",
            why="only functions of NumPy have a form in ONNX",
            now=f"use func and inverse_func, the latter one of {', '.join(_INVERSES)}",
        )
    name = getattr(fitted.inverse_func, "__name__", "")
    if not isinstance(fitted.inverse_func, np.ufunc) or name not in _INVERSES:
        raise NotExportableError(
            f"TransformedTargetRegressor transforms back by {fitted.inverse_func!r}",
            why="ONNX has no such function",
            now=f"use one of {', '.join(_INVERSES)}",
        )
    result = answer.name
    for op, other in _INVERSES[name]:
        operand = () if other is None else (graph.constant(np.float64(other)),)
        result = graph.node(op, result, *operand)
    return Block(name=result, width=1)


def _scores(graph: Graph, blocks: list[Block], coefficients: Any, intercept: Any) -> Block:
    features = graph.matrix(blocks)
    weights = graph.constant(np.ascontiguousarray(coefficients.T, dtype=np.float64))
    product = graph.node("MatMul", features.name, weights)
    offset = graph.constant(np.asarray(intercept, dtype=np.float64).reshape(1, -1))
    return Block(name=graph.node("Add", product, offset), width=coefficients.shape[0])
