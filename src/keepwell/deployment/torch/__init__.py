"""PyTorch modules: written as ONNX where they can be, else as TorchScript.

    files, proof = build_torch_files(module, signature, sample)

A module takes one matrix of all columns in the signature's order, or one argument a column under the
column's name; single precision either way. It gives class probabilities, scores (logits) or a number.

TorchScript is a program of PyTorch's own interpreter. It is what is left for modules whose control flow
depends on values, because loading it runs no Python: pickled modules and `torch.export` archives do.
"""

from keepwell.deployment.torch.files import build_torch_files
from keepwell.deployment.torch.program import describe_module

__all__ = ["build_torch_files", "describe_module"]
