"""Matrices of weights in 8 bits, where a model has some."""

import logging
import tempfile
from pathlib import Path

from keepwell.core.errors import MissingExtraError

_FLOAT = 1  # TensorProto.FLOAT
_MATRICES = ("MatMul", "Gemm", "Conv")


def quantised(data: bytes) -> tuple[bytes | None, str]:
    """Return a model with 8-bit weights; None, and why, where there is nothing to make smaller."""
    try:
        import onnx
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError as error:
        raise MissingExtraError("quantising a model", extra="onnx") from error
    model = onnx.load_model_from_string(data)
    weights = {item.name: item.data_type for item in model.graph.initializer}
    matrices = [
        name
        for node in model.graph.node
        if node.op_type in _MATRICES
        for name in node.input
        if name in weights
    ]
    if not matrices:
        return None, "the model has no matrices of weights, trees are compared as they are"
    if not any(weights[name] == _FLOAT for name in matrices):
        return None, "its matrices are in doubles and small, which is what keeps it exact"
    with tempfile.TemporaryDirectory(prefix="keepwell-edge-") as folder:
        out = Path(folder) / "model.onnx"
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)  # it gives advice on models that are not ours to change
        try:
            quantize_dynamic(model, out, weight_type=QuantType.QInt8)
        finally:
            logging.disable(before)
        return out.read_bytes(), ""
