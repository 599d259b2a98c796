"""The files of a version that is a PyTorch module, and how far they are from it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from keepwell.core.errors import InvalidDataError
from keepwell.core.records import Proof, Signature
from keepwell.deployment.onnx.answering import Activation, needed_activation
from keepwell.deployment.onnx.files import FEW, PRECISION, SCORER_FILE, differences
from keepwell.deployment.onnx.model import MODEL_FILE, OnnxModel
from keepwell.deployment.torch.model import PROGRAM_FILE, TorchModel
from keepwell.deployment.torch.program import argument_names, at_rest, tensors_of
from keepwell.deployment.torch.writing import NotWrittenError, module_to_onnx, module_to_script
from keepwell.features.decoding import Decoder

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

_TRACED = 2  # rows that the module is followed on; one would be taken for a fixed number


def build_torch_files(
    module: Any, signature: Signature, sample: "pa.Table", reference: Sequence[Any] | None = None
) -> tuple[dict[str, bytes], Proof]:
    """Return the files of a bundle that answer as a module does, and the evidence for it.

    Args:
        module: A `torch.nn.Module`; it is neither changed nor moved.
        signature: What it takes and gives.
        sample: Rows that are compared.
        reference: What it answered to them elsewhere, as in `build_onnx_files`.

    Raises:
        InvalidDataError: If it can be written neither as ONNX nor as TorchScript, or answers the rows
            otherwise than the reference says.
        MissingExtraError: If the extras `torch` and `onnx` are not installed.
    """
    arguments = argument_names(module, signature)
    resting = at_rest(module)
    frame = Decoder(signature, lenient=True).table(sample)
    columns = [frame[field.name].to_numpy() for field in signature.inputs]
    native = TorchModel(resting, arguments, signature)
    activation: Activation = (
        "" if signature.task.numeric else needed_activation(native.scores(columns))
    )
    expected = TorchModel(resting, arguments, signature, activation).batch(columns)
    if reference is not None:
        _must_agree(differences(expected, signature, reference))
    given = tensors_of([np.resize(column, _TRACED) for column in columns], signature, arguments)
    runs, data, why = _written(resting, signature, arguments, given, columns, activation, expected)
    model = (
        OnnxModel(data, signature, activation)
        if runs == MODEL_FILE
        else TorchModel.load(data, signature, activation)
    )
    apart = _apart(model.batch(columns), expected)
    if activation:
        why += f"; its scores become probabilities by {activation}"
    note = {"format": 1, "activation": activation, "runs": runs}
    return {runs: data, SCORER_FILE: msgspec.json.encode(note)}, Proof(
        rows=len(apart),
        largest_difference=float(apart.max(initial=0.0)),
        compiled=False,
        reason=why,
    )


def _written(
    module: Any,
    signature: Signature,
    arguments: Sequence[str],
    given: Sequence[Any],
    columns: "Sequence[NDArray[Any]]",
    activation: Activation,
    expected: "NDArray[np.float64]",
) -> tuple[str, bytes, str]:
    """Return the file that runs, its bytes, and why it is this one."""
    try:
        data = module_to_onnx(module, signature, arguments, given)
        apart = _apart(OnnxModel(data, signature, activation).batch(columns), expected)
        if float(np.mean(~(apart <= PRECISION))) > FEW:
            raise NotWrittenError(f"its ONNX form differs by {float(apart.max()):.3g}")
    except (NotWrittenError, InvalidDataError) as no_onnx:
        try:
            script = module_to_script(module, arguments, given)
        except NotWrittenError as no_script:
            raise InvalidDataError(
                f"{type(module).__name__} can be written neither as ONNX nor as TorchScript",
                why=f"ONNX: {no_onnx}; TorchScript: {no_script}",
                now="keep to tensor operations in forward; a pickled module is never loaded",
            ) from no_script
        return PROGRAM_FILE, script, f"runs as TorchScript, in PyTorch; no ONNX form: {no_onnx}"
    return MODEL_FILE, data, "a PyTorch module, written as ONNX, runs in onnxruntime"


def _apart(
    answers: "NDArray[np.float64]", expected: "NDArray[np.float64]"
) -> "NDArray[np.float64]":
    relative = np.abs(answers - expected) / np.maximum(1.0, np.abs(expected))
    same = (answers == expected) | (np.isnan(answers) & np.isnan(expected))
    return np.asarray(np.where(same, 0.0, relative).max(axis=1, initial=0.0))


def _must_agree(apart: "NDArray[np.float64]") -> None:
    beyond = int((~(apart <= PRECISION)).sum())
    if beyond > FEW * len(apart):
        raise InvalidDataError(
            f"the module answers {beyond:,} of {len(apart):,} rows otherwise than they say",
            why=f"the largest difference is {float(apart.max()):.3g}",
            now="check the order of columns and classes, or leave the reference out",
        )
