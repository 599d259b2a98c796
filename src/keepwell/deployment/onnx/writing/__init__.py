"""Fitted pipelines written as ONNX graphs that compute in doubles.

Each transformer and estimator is one writer, found by entry point (`keepwell.onnx`) under the name of
its original, as the compiled parts are. A writer gets the graph, the fitted original and the blocks of
columns that go in, and returns the block that comes out. What has no writer of ours is written by
skl2onnx or onnxmltools, in single precision, and `measure_parity` says what that costs.
"""

from keepwell.deployment.onnx.writing.blocks import Block, NotExportableError
from keepwell.deployment.onnx.writing.graph import Graph
from keepwell.deployment.onnx.writing.pipeline import to_onnx

__all__ = ["Block", "Graph", "NotExportableError", "to_onnx"]
