"""A version's files, with the evidence that the compiled scorer answers as the pipeline does."""

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from keepwell.core.errors import KeepwellError, TrainingError
from keepwell.core.records import ColumnType, KeptPart, Proof, Signature, Task
from keepwell.deployment.scoring.compilation import (
    Compiled,
    last_of,
    read_pipeline,
    without_search,
)
from keepwell.deployment.scoring.parts import NotCompilableError, name_of
from keepwell.deployment.scoring.scorer import PIPELINE_FILE, SCORER_FILE
from keepwell.features.decoding import Decoder

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from keepwell.deployment.scoring.original import Original

_BY_THRESHOLD = ("sklearn.FixedThresholdClassifier", "sklearn.TunedThresholdClassifierCV")
_ROWS_OF_KEPT = 32
_ROWS_TRIED = 100  # one by one, where the pipeline refuses them together

TOLERANCE = 1e-9
"""Largest difference, relative for numbers beyond 1, up to which two answers are the same."""


def build_scorer_files(
    pipeline: Any, signature: Signature, sample: "pa.Table | None"
) -> tuple[dict[str, bytes], Proof]:
    """Return the files of a bundle that score, and how well they reproduce the pipeline.

    The compiled scorer goes in only if both of its faces answer the sample, and the sample with gaps
    and labels never seen, as the pipeline does.

    Args:
        pipeline: Fitted on the canonical frame of `Decoder(signature)`.
        signature: What it takes and gives.
        sample: Rows of the training data; without them nothing is proven, and the proof has no rows.

    Raises:
        TrainingError: If the pipeline cannot be stored, or predicts by a threshold of its own.
    """
    from keepwell.deployment.scoring.original import Original, dump_pipeline

    if signature.task is Task.RANKING:
        from keepwell.deployment.scoring.recommending import build_recommender_files

        return build_recommender_files(pipeline, signature, sample)
    pipeline = without_search(pipeline)
    _must_prefer_the_most_probable(pipeline)
    stored = {PIPELINE_FILE: dump_pipeline(pipeline)}
    files: dict[str, bytes] = {}
    rows, largest = 0, 0.0
    try:
        data = read_pipeline(pipeline, signature, files)
        files[SCORER_FILE] = msgspec.json.encode(data)
        compiled = Compiled(msgspec.json.decode(files[SCORER_FILE]), files.__getitem__)
        if sample is not None:
            frame = Decoder(signature, lenient=True).table(sample)
            columns = [frame[field.name].to_numpy() for field in signature.inputs]
            rows, largest = _prove(compiled, Original(pipeline, signature), columns, signature)
    except TrainingError:  # a part that cannot be stored
        raise
    except (NotCompilableError, KeepwellError) as reason:
        return _as_it_is(stored, str(reason))
    if not largest <= TOLERANCE:
        return _as_it_is(stored, f"compiled, it differs by {largest:.3g} on {rows} rows")
    kept = tuple(KeptPart(name=part["where"], reason=part["reason"]) for part in compiled.kept)
    largest = max(
        largest, float(getattr(compiled.head, "apart", 0.0))
    )  # from PyTorch, when written
    proof = Proof(rows=rows, largest_difference=largest, compiled=True, kept=kept)
    return stored | files, proof


def _must_prefer_the_most_probable(pipeline: Any) -> None:
    name = name_of(last_of(pipeline))
    if name in _BY_THRESHOLD:
        raise TrainingError(
            f"{name} predicts by a threshold of its own",
            why="an endpoint answers with the most probable class",
            now="register its `estimator_`, and decide by the probabilities that come with each answer",
        )


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
    hurt = _answerable(original, _hurt(columns, signature))
    if not len(hurt[0]):
        return len(expected), largest
    expected_hurt = original.batch(hurt)
    return len(expected) + len(expected_hurt), max(largest, _compare(compiled, hurt, expected_hurt))


def _answerable(original: "Original", columns: list[Any]) -> list[Any]:
    """Return the rows that the pipeline answers; where it refuses there is nothing to equal."""
    if _answers(original, columns):
        return columns
    tried = [[column[at : at + 1] for column in columns] for at in range(len(columns[0]))]
    kept = [at for at, row in enumerate(tried[:_ROWS_TRIED]) if _answers(original, row)]
    return [column[kept] for column in columns]


def _answers(original: "Original", columns: list[Any]) -> bool:
    try:
        original.batch(columns)
    except Exception:  # noqa: BLE001 (CatBoost's is its own, a naive Bayes raises IndexError)
        return False
    return True


def _compare(compiled: Compiled, columns: list[Any], expected: "NDArray[np.float64]") -> float:
    batch = compiled.batch(columns)
    # What runs as it is is slow row by row, and is its own proof.
    few = [column[:_ROWS_OF_KEPT] for column in columns] if compiled.kept else columns
    rows = np.array([compiled.row(values) for values in zip(*map(list, few), strict=True)])
    first = expected[: len(few[0])]
    return max(difference(batch, expected), difference(rows.reshape(first.shape), first))


def difference(ours: "NDArray[np.float64]", theirs: "NDArray[np.float64]") -> float:
    """Return the largest difference of two arrays of answers, relative for numbers beyond 1."""
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
        elif field.type is ColumnType.IMAGE:
            column[2 * at : 2 * at + 2] = ["", ""]
        elif field.type is ColumnType.CATEGORY:
            column[2 * at : 2 * at + 2] = [None, "never seen in training"]
        else:
            column[2 * at : 2 * at + 2] = [np.nan, -1e9]
    return base
