"""The files of a version that is an ONNX model, and how far it is from what it is said to answer."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from keepwell.core.errors import InvalidDataError
from keepwell.core.records import Proof, Signature
from keepwell.deployment.onnx.answering import Activation, needed_activation
from keepwell.deployment.onnx.model import MODEL_FILE, OnnxModel
from keepwell.deployment.onnx.reading import parse
from keepwell.features.decisions import decided
from keepwell.features.decoding import Decoder

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

SCORER_FILE = "scorer.json"
PRECISION = 1e-5
"""Largest difference up to which two answers are the same, through float32."""

FEW = 0.01
"""Share of rows that rounding to float32 may push over a split; beyond it, it is another model."""


def build_onnx_files(
    data: bytes,
    signature: Signature,
    sample: "pa.Table",
    reference: Sequence[Any] | None = None,
) -> tuple[dict[str, bytes], Proof]:
    """Return the files of a bundle that answer with an ONNX model, and the evidence for it.

    Args:
        data: The model's bytes.
        signature: What it takes and gives.
        sample: Rows that it must be able to answer.
        reference: What it answered to them elsewhere: labels, numbers, or of two classes the
            probability of the second.

    Raises:
        InvalidDataError: If the model cannot be run, does not fit the rows, or answers them otherwise
            than the reference says.
    """
    parse(data)
    frame = Decoder(signature, lenient=True).table(sample)
    columns = [frame[field.name].to_numpy() for field in signature.inputs]
    activation = _activation(data, signature, columns)
    answers = OnnxModel(data, signature, activation).batch(columns)
    note = {"format": 1, "runs": MODEL_FILE, "activation": activation}
    reason = "an ONNX model runs as it is, in onnxruntime"
    if activation:
        reason += f"; its scores become probabilities by {activation}"
    files = {MODEL_FILE: data, SCORER_FILE: msgspec.json.encode(note)}
    if reference is None:
        return files, Proof(rows=0, largest_difference=0.0, compiled=False, reason=reason)
    apart = differences(answers, signature, reference)
    beyond = np.flatnonzero(~(apart <= PRECISION))
    if len(beyond) > FEW * len(apart):
        raise _another_model(apart, reference, beyond)
    return files, Proof(
        rows=len(apart),
        largest_difference=float(apart.max(initial=0.0)),
        compiled=False,
        reason=f"{reason}; {len(beyond):,} of {len(apart):,} rows differ by more than {PRECISION:g} "
        "from the answers that came with them",
    )


def differences(
    answers: "NDArray[np.float64]", signature: Signature, reference: Sequence[Any]
) -> "NDArray[np.float64]":
    """Return how far each answer is from a reference: of labels 0 or 1, relative beyond 1."""
    if signature.task.numeric:
        expected = np.asarray(reference, dtype=np.float64)
        return np.asarray(np.abs(answers[:, 0] - expected) / np.maximum(1.0, np.abs(expected)))
    labels = list(signature.classes)
    if not set(reference) <= set(labels) and len(labels) == 2:  # noqa: PLR2004 - a pair
        return np.asarray(np.abs(answers[:, 1] - np.asarray(reference, dtype=np.float64)))
    said = [labels[at] for at in decided(signature, answers).tolist()]
    return np.array([float(ours != theirs) for ours, theirs in zip(said, reference, strict=True)])


def _activation(data: bytes, signature: Signature, columns: list[Any]) -> Activation:
    if signature.task.numeric:
        return ""
    raw = OnnxModel(data, signature, "").scores(columns)
    return needed_activation(raw)


def _another_model(
    apart: "NDArray[np.float64]", reference: Sequence[Any], beyond: "NDArray[np.intp]"
) -> InvalidDataError:
    at = int(beyond[0])
    return InvalidDataError(
        f"the model answers {len(beyond):,} of {len(apart):,} rows otherwise than they say",
        why=f"row {at + 1} says {reference[at]!r}; the difference is {apart[at]:.3g}",
        now="check the order of columns and classes, or leave the reference out",
    )
