"""The Open Inference Protocol, version 2 (also known as the KServe or Triton protocol).

A column is an input tensor of the shape `[rows]` or `[rows, 1]`. Over HTTP it is JSON, with large tensors
in binary behind it; over gRPC it is the same, translated by a gateway process.
"""
