"""A version's files, with the evidence that the compiled scorer answers as the pipeline does."""

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from keepwell.core.errors import KeepwellError
from keepwell.core.records import ColumnType, Proof, Signature
from keepwell.deployment.scoring.compilation import Compiled, read_pipeline
from keepwell.deployment.scoring.parts import NotCompilableError
from keepwell.deployment.scoring.scorer import PIPELINE_FILE, SCORER_FILE
from keepwell.features.decoding import Decoder

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from keepwell.deployment.scoring.original import Original

TOLERANCE = 1e-9
"""Largest difference, relative for numbers beyond 1, up to which two answers are the same."""


def build_scorer_files(
    pipeline: Any, signature: Signature, sample: "pa.Table"
) -> tuple[dict[str, bytes], Proof]:
    """Return the files of a bundle that score, and how well they reproduce the pipeline.

    The compiled scorer goes in only if both of its faces answer the sample, and the sample with gaps
    and labels never seen, as the pipeline does.

    Args:
        pipeline: Fitted on the canonical frame of `Decoder(signature)`.
        signature: What it takes and gives.
        sample: Rows of the training data.

    Raises:
        TrainingError: If the pipeline cannot be stored.
    """
    from keepwell.deployment.scoring.original import Original, dump_pipeline

    stored = {PIPELINE_FILE: dump_pipeline(pipeline)}
    frame = Decoder(signature, lenient=True).table(sample)
    columns = [frame[field.name].to_numpy() for field in signature.inputs]
    files: dict[str, bytes] = {}
    try:
        data = read_pipeline(pipeline, signature, files)
        files[SCORER_FILE] = msgspec.json.encode(data)
        compiled = Compiled(msgspec.json.decode(files[SCORER_FILE]), files.__getitem__)
        rows, largest = _prove(compiled, Original(pipeline, signature), columns, signature)
    except (NotCompilableError, KeepwellError) as reason:
        return _as_it_is(stored, str(reason))
    if not largest <= TOLERANCE:
        return _as_it_is(stored, f"compiled, it differs by {largest:.3g} on {rows} rows")
    return stored | files, Proof(rows=rows, largest_difference=largest, compiled=True)


def _as_it_is(stored: dict[str, bytes], reason: str) -> tuple[dict[str, bytes], Proof]:
    note = msgspec.json.encode({"format": 1, "runs": PIPELINE_FILE, "reason": reason})
    proof = Proof(rows=0, largest_difference=0.0, compiled=False, reason=reason)
    return stored | {SCORER_FILE: note}, proof


def _prove(
    compiled: Compiled, original: "Original", columns: list[Any], signature: Signature
) -> tuple[int, float]:
    """Return how many rows were compared and the largest difference."""
    expected = original.batch(columns)
    largest = _compare(compiled, columns, expected)
    if not len(expected):
        return 0, largest
    hurt = _hurt(columns, signature)
    try:
        expected_hurt = original.batch(hurt)
    except (
        ValueError
    ):  # the pipeline itself refuses gaps or new labels, so there is nothing to equal
        return len(expected), largest
    return len(expected) + len(expected_hurt), max(largest, _compare(compiled, hurt, expected_hurt))


def _compare(compiled: Compiled, columns: list[Any], expected: "NDArray[np.float64]") -> float:
    batch = compiled.batch(columns)
    rows = np.array([compiled.row(values) for values in zip(*map(list, columns), strict=True)])
    return max(_difference(batch, expected), _difference(rows.reshape(expected.shape), expected))


def _difference(ours: "NDArray[np.float64]", theirs: "NDArray[np.float64]") -> float:
    if ours.shape != theirs.shape:
        return float("inf")
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    with np.errstate(invalid="ignore"):
        apart = np.abs(ours - theirs) / np.maximum(1.0, np.abs(theirs))
    worst = np.where(same, 0.0, np.where(np.isnan(apart), np.inf, apart))
    return float(worst.max(initial=0.0))


def _hurt(columns: list[Any], signature: Signature) -> list[Any]:
    """Return two copies of the first rows per column: with a gap in it, and with a value never seen."""
    width = len(columns)
    base = [np.resize(column[:width], 2 * width) for column in columns]
    for at, (field, column) in enumerate(zip(signature.inputs, base, strict=True)):
        if field.type is ColumnType.TEXT:
            column[2 * at : 2 * at + 2] = ["", "Ünseen wörds 1 2 3"]
        elif field.type is ColumnType.CATEGORY:
            column[2 * at : 2 * at + 2] = [None, "never seen in training"]
        else:
            column[2 * at : 2 * at + 2] = [np.nan, -1e9]
    return base
