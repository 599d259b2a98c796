"""Ensembles of several estimators: votes and stacks."""

from typing import Any

import numpy as np

from keepwell.deployment.onnx.writing.blocks import Block, NotExportableError
from keepwell.deployment.onnx.writing.graph import Graph
from keepwell.deployment.onnx.writing.pipeline import write_estimator

_PAIR = 2


def write_voting(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write a `VotingClassifier` of probabilities or a `VotingRegressor`: the weighted mean."""
    if getattr(fitted, "voting", "soft") != "soft":
        raise NotExportableError(
            "VotingClassifier counts labels (voting='hard')",
            why="so it has no probabilities",
            now="use voting='soft'",
        )
    weights = fitted._weights_not_none
    if weights is None:
        weights = np.ones(len(fitted.estimators_))
    shares = np.asarray(weights, dtype=np.float64) / np.sum(weights)
    total = Block(name="", width=0)
    for estimator, share in zip(fitted.estimators_, shares, strict=True):
        answer = write_estimator(graph, estimator, blocks)
        part = graph.node("Mul", answer.name, graph.constant(np.float64(share)))
        name = graph.node("Add", total.name, part) if total.width else part
        total = Block(name=name, width=answer.width)
    return total


def write_stacking(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write a `StackingClassifier` or `StackingRegressor`: an estimator of the others' answers."""
    methods = set(fitted.stack_method_)
    if not methods <= {"predict_proba", "predict"} or (
        hasattr(fitted, "classes_") and "predict" in methods
    ):
        raise NotExportableError(
            f"{type(fitted).__name__} stacks {', '.join(sorted(methods))}",
            why="only probabilities, and a regression's numbers, are written",
            now="use stack_method='predict_proba' and estimators that have it",
        )
    answers = []
    for estimator in fitted.estimators_:
        answer = write_estimator(graph, estimator, blocks)
        pair = answer.width == _PAIR and hasattr(fitted, "classes_")
        answers.append(graph.columns(answer, [1]) if pair else answer)
    if fitted.passthrough:
        answers += blocks
    return write_estimator(graph, fitted.final_estimator_, answers)
