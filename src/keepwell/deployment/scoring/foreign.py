"""Models that come as a program of another kind: which file of the bundle runs, and in what."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import FormatError
from keepwell.core.records import Signature

if TYPE_CHECKING:
    from keepwell.deployment.scoring.scorer import Model

CODE_FILE = "own-code.pickle"
"""The file of a bundle that holds a model together with its maker's code."""


def load_foreign(
    runs: str, data: Mapping[str, Any], read: Callable[[str], bytes], signature: Signature
) -> "Model":
    """Return the model that a file of the bundle is.

    Args:
        runs: Name of the file.
        data: The bundle's `scorer.json`.
        read: Gives a file of the bundle by name, verified.
        signature: Of the model version.

    Raises:
        FormatError: If it is of no kind that this version runs.
        IntegrityError: If it is code that this workspace does not trust.
        MissingExtraError: If what runs it is not installed.
    """
    if runs.endswith(".onnx"):
        from keepwell.deployment.onnx.model import OnnxModel

        return OnnxModel(read(runs), signature, data.get("activation", ""))
    if runs.endswith(".torchscript"):
        from keepwell.deployment.torch.model import TorchModel

        return TorchModel.load(read(runs), signature, data.get("activation", ""))
    if runs == CODE_FILE:
        from keepwell.deployment.scoring.own_code import load_own_code

        return load_own_code(read(runs), data, signature)
    raise FormatError(
        f"the version runs from '{runs}', which this Keepwell cannot run",
        why="it runs compiled scorers, scikit-learn pipelines, ONNX models and TorchScript",
        now="pip install --upgrade keepwell",
    )
