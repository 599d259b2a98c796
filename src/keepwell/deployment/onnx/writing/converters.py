"""Whatever has no writer of ours, by skl2onnx and onnxmltools: in single precision."""

from typing import Any

import numpy as np

from keepwell.core.errors import MissingExtraError
from keepwell.deployment.onnx.writing.blocks import Block, NotExportableError
from keepwell.deployment.onnx.writing.graph import Graph
from keepwell.deployment.scoring.parts import name_of

_OPSETS = {"": 18, "ai.onnx.ml": 3}  # what both converters write well


def converted_estimator(graph: Graph, fitted: Any, features: Block) -> Block:
    """Write an estimator.

    Raises:
        NotExportableError: If the converters do not know it; names it.
    """
    model = _convert(fitted, features)
    outputs = [item.name for item in model.graph.output]
    classes = getattr(fitted, "classes_", None)
    answer = graph.graft(
        model, _single(graph, features), outputs[-1] if classes is not None else outputs[0]
    )
    width = 1 if classes is None else len(classes)
    shape = graph.constant(np.array([-1, width], dtype=np.int64))
    return Block(name=graph.node("Reshape", graph.doubles(answer), shape), width=width)


def converted_step(graph: Graph, fitted: Any, features: Block) -> Block:
    """Write a transformer; of numbers, because text is only taken in by writers of ours."""
    if features.text:
        raise NotExportableError(
            f"{name_of(fitted)} of text has no ONNX form",
            why="nothing that writes ONNX here knows it",
            now="use a OneHotEncoder, an OrdinalEncoder, a CountVectorizer or a TfidfVectorizer",
        )
    model = _convert(fitted, features)
    answer = graph.graft(model, _single(graph, features), model.graph.output[0].name)
    width = len(fitted.get_feature_names_out(_names(fitted, features.width)))
    return Block(name=graph.doubles(answer), width=width)


def _names(fitted: Any, width: int) -> Any:
    known = getattr(fitted, "feature_names_in_", None)
    return known if known is not None else [f"x{at}" for at in range(width)]


def _single(graph: Graph, features: Block) -> str:
    from onnx import TensorProto

    return graph.node("Cast", features.name, to=TensorProto.FLOAT)


def _convert(fitted: Any, features: Block) -> Any:
    """Return the `ModelProto` of one part, of a matrix in single precision."""
    try:
        import onnxmltools  # noqa: F401 (its converters are known to skl2onnx once it is loaded)
        from skl2onnx import convert_sklearn
        from skl2onnx.common.data_types import FloatTensorType
    except ImportError as error:
        raise MissingExtraError("writing this model as ONNX", extra="onnx") from error
    _register_boosters()
    kinds = [("X", FloatTensorType([None, features.width]))]
    options = {id(fitted): {"zipmap": False}} if hasattr(fitted, "predict_proba") else None
    try:
        return convert_sklearn(fitted, initial_types=kinds, options=options, target_opset=_OPSETS)
    except Exception as error:  # each converter has errors of its own
        words = str(error).strip().splitlines() or [type(error).__name__]
        raise NotExportableError(
            f"{name_of(fitted)} has no ONNX form",
            why=words[0][:200],
            now="the version is served as it is; export a model without this part",
        ) from error


def _register_boosters() -> None:
    """Let skl2onnx know what onnxmltools can convert, where the booster is installed."""
    import importlib.util

    from skl2onnx import update_registered_converter
    from skl2onnx.common.shape_calculator import (
        calculate_linear_classifier_output_shapes,
        calculate_linear_regressor_output_shapes,
    )

    if importlib.util.find_spec("xgboost") is None:
        return
    from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
    from xgboost import XGBClassifier, XGBRegressor

    update_registered_converter(
        XGBClassifier,
        "XGBoostXGBClassifier",
        calculate_linear_classifier_output_shapes,
        convert_xgboost,
        options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
    )
    update_registered_converter(
        XGBRegressor,
        "XGBoostXGBRegressor",
        calculate_linear_regressor_output_shapes,
        convert_xgboost,
    )
