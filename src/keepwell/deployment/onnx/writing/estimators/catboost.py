"""`CatBoostClassifier` and `CatBoostRegressor`, by CatBoost's own writer: in single precision."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from keepwell.deployment.onnx.writing.blocks import Block, NotExportableError
from keepwell.deployment.onnx.writing.graph import Graph

_TREES = ("TreeEnsembleClassifier", "TreeEnsembleRegressor")


def write_catboost(graph: Graph, fitted: Any, blocks: list[Block]) -> Block:
    """Write the trees; the list of dictionaries that CatBoost puts behind them is left out."""
    import onnx

    if fitted.get_cat_feature_indices():
        raise NotExportableError(
            f"{type(fitted).__name__} encodes categories by itself",
            why="CatBoost writes ONNX of models of numbers only",
            now="encode them by an OrdinalEncoder or OneHotEncoder in the pipeline",
        )
    with tempfile.TemporaryDirectory(prefix="keepwell-catboost-") as folder:
        path = Path(folder) / "model.onnx"
        fitted.save_model(str(path), format="onnx")
        model = onnx.load(str(path))
    kept = [node for node in model.graph.node if node.op_type in _TREES]
    classes = getattr(fitted, "classes_", None)
    classifies = classes is not None and len(classes) > 0
    del model.graph.node[:]
    model.graph.node.extend(kept)
    features = graph.matrix(blocks)
    single = graph.node("Cast", features.name, to=onnx.TensorProto.FLOAT)
    answer = graph.graft(model, single, kept[-1].output[-1])
    width = len(classes) if classes is not None and classifies else 1
    shape = graph.constant(np.array([-1, width], dtype=np.int64))
    return Block(name=graph.node("Reshape", graph.doubles(answer), shape), width=width)
