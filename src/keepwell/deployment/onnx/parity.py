"""How far an ONNX model is from the model that it was written from."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.records import Parity, Signature
from keepwell.deployment.onnx.answering import Activation
from keepwell.deployment.onnx.model import OnnxModel
from keepwell.features.decisions import decided
from keepwell.features.decoding import Decoder

if TYPE_CHECKING:
    import pyarrow as pa

    from keepwell.deployment.scoring import Scorer

PRECISION = 1e-5
"""Largest difference, relative for numbers beyond 1, up to which two answers are the same."""


def measure_parity(
    data: bytes, scorer: "Scorer", rows: "pa.Table", activation: Activation = ""
) -> Parity:
    """Compare an ONNX model with the version it was written from, row by row.

    Args:
        data: The ONNX model.
        scorer: Of the version.
        rows: Rows to compare on, the more like the live ones the better.
        activation: What turns the ONNX model's scores into probabilities, if anything.
    """
    signature = scorer.signature
    frame = Decoder(signature, lenient=True).table(rows)
    columns = [frame[field.name].to_numpy() for field in signature.inputs]
    ours = OnnxModel(data, signature, activation).batch(columns)
    theirs = scorer.batch(rows, lenient=True)
    expected = (
        np.asarray(theirs.predictions, dtype=np.float64).reshape(-1, 1)
        if theirs.probabilities is None
        else theirs.probabilities
    )
    return parity_of(ours, expected, signature)


def parity_of(ours: Any, expected: Any, signature: Signature) -> Parity:
    """Return how far answers are from the expected ones; a nan in one of them only is infinitely far."""
    same = (ours == expected) | (np.isnan(ours) & np.isnan(expected))
    with np.errstate(invalid="ignore"):
        apart = np.abs(ours - expected) / np.maximum(1.0, np.abs(expected))
    worst = np.where(same, 0.0, np.where(np.isnan(apart), np.inf, apart)).max(axis=1, initial=0.0)
    changed = (
        int((decided(signature, ours) != decided(signature, expected)).sum())
        if signature.classes
        else 0
    )
    return Parity(
        rows=len(worst),
        largest_difference=float(worst.max(initial=0.0)),
        beyond=float(np.mean(worst > PRECISION)) if len(worst) else 0.0,
        labels_changed=changed,
    )
