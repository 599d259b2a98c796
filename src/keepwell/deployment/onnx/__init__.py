"""ONNX, both ways: fitted pipelines written as ONNX, and ONNX from anywhere answering rows.

    data = to_onnx(pipeline, signature)              # bytes that any ONNX runtime reads
    measure_parity(data, pipeline, signature, rows)  # how far the two are apart
    OnnxModel(data, signature).row([41.0, "red"])    # a `Model` of `deployment.scoring`

What we write takes one input a column, of one value a row: numbers, booleans (1, 0) and times (Unix
seconds) as doubles, nan where missing; labels and text as strings, empty where missing. It gives
`label` and `probabilities`, or `prediction`, in doubles, so trees split where they were trained to.

All of it needs the extra `onnx`; a worker loads onnxruntime only for a version that is ONNX.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keepwell.deployment.onnx.files import build_onnx_files
    from keepwell.deployment.onnx.model import OnnxModel
    from keepwell.deployment.onnx.parity import measure_parity
    from keepwell.deployment.onnx.writing import to_onnx

__all__ = ["OnnxModel", "build_onnx_files", "measure_parity", "to_onnx"]

_PLACES = {
    "OnnxModel": "model",
    "build_onnx_files": "files",
    "measure_parity": "parity",
    "to_onnx": "writing",
}


def __getattr__(name: str) -> Any:
    # One at a time: a worker needs the model, not the writer.
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
