"""A whole pipeline: columns in, transformers, an estimator, labels and probabilities out."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from keepwell.core.errors import NotFoundError
from keepwell.core.plugins import load_plugin
from keepwell.core.records import ColumnType, Signature
from keepwell.deployment.onnx.reading import CLASSES_KEY
from keepwell.deployment.onnx.writing.blocks import Block, NotExportableError
from keepwell.deployment.onnx.writing.graph import Graph
from keepwell.deployment.scoring.compilation import class_order, without_search
from keepwell.deployment.scoring.parts import NotCompilableError, name_of

_TEXTUAL = (ColumnType.CATEGORY, ColumnType.TEXT, ColumnType.IMAGE)


def to_onnx(pipeline: Any, signature: Signature) -> bytes:
    """Return a fitted pipeline as an ONNX model of one input a column.

    Raises:
        NotExportableError: If a part of it cannot be written; names it.
        MissingExtraError: If the extra `onnx` is not installed.
    """
    pipeline = without_search(pipeline)
    graph = Graph()
    known = {
        field.name: graph.input(field.name, text=field.type in _TEXTUAL)
        for field in signature.inputs
    }
    fitted_on = getattr(pipeline, "feature_names_in_", None)
    names = list(known) if fitted_on is None else [str(name) for name in fitted_on]
    beyond = [name for name in names if name not in known]
    if beyond:
        raise NotExportableError(
            f"the pipeline takes '{beyond[0]}', which is not in its signature",
            why=f"its signature names {', '.join(known)}",
            now="give the signature of this pipeline",
        )
    answer = write_estimator(graph, pipeline, [known[name] for name in names])
    if signature.task.numeric:
        from onnx import TensorProto

        return graph.finish({"prediction": (answer.name, TensorProto.DOUBLE, 1)}, {})
    return _classified(graph, pipeline, signature, answer)


def write_estimator(graph: Graph, fitted: Any, blocks: Sequence[Block]) -> Block:
    """Write a fitted estimator, with what comes before it if it is a pipeline.

    Returns:
        Probabilities in the estimator's own order of classes, or one number a row.
    """
    if name_of(fitted) == "sklearn.Pipeline":
        before = list(blocks)
        for _, step in fitted.steps[:-1]:
            if step is not None and step != "passthrough":
                before = [write_step(graph, step, before)]
        return write_estimator(graph, fitted.steps[-1][1], before)
    writer = writer_of(fitted)
    if writer is not None:
        answer: Block = writer(graph, fitted, list(blocks))
        return answer
    from keepwell.deployment.onnx.writing.converters import converted_estimator

    return converted_estimator(graph, fitted, graph.matrix(blocks))


def write_step(graph: Graph, fitted: Any, blocks: Sequence[Block]) -> Block:
    """Write a fitted transformer."""
    writer = writer_of(fitted)
    if writer is not None:
        result: Block = writer(graph, fitted, list(blocks))
        return result
    from keepwell.deployment.onnx.writing.converters import converted_step

    return converted_step(graph, fitted, graph.matrix(blocks))


def writer_of(fitted: Any) -> Any:
    """Return the writer of an original; None if it has none of ours."""
    try:
        return load_plugin("onnx", name_of(fitted))
    except NotFoundError:
        return None


def _classified(graph: Graph, pipeline: Any, signature: Signature, answer: Block) -> bytes:
    from onnx import TensorProto

    try:
        order = class_order(list(np.asarray(pipeline.classes_).tolist()), signature)
    except NotCompilableError as error:
        raise NotExportableError(
            "the pipeline's classes are not those of its signature",
            why=str(error),
            now="give the signature of this pipeline",
        ) from error
    probabilities = graph.columns(answer, order)
    best = _best(graph, probabilities.name, signature)
    labels = list(signature.classes)
    whole = all(isinstance(label, int) for label in labels)
    table = np.array(labels if whole else [_word(label) for label in labels])
    label = graph.node("Gather", graph.constant(table.astype(np.int64) if whole else table), best)
    kind = TensorProto.INT64 if whole else TensorProto.STRING
    return graph.finish(
        {
            "label": (label, kind, 0),
            "probabilities": (probabilities.name, TensorProto.DOUBLE, len(labels)),
        },
        {CLASSES_KEY: json.dumps(labels)},
    )


def _best(graph: Graph, probabilities: str, signature: Signature) -> str:
    """Return the positions of the classes that are answered."""
    from onnx import TensorProto

    if signature.threshold is None:
        return graph.node("ArgMax", probabilities, axis=1, keepdims=0)
    second = graph.node("Gather", probabilities, graph.constant(np.array(1)), axis=1)
    border = graph.constant(np.array(signature.threshold))
    return graph.node("Cast", graph.node("GreaterOrEqual", second, border), to=TensorProto.INT64)


def _word(label: Any) -> str:
    return label if isinstance(label, str) else json.dumps(label)
