"""What stands beside each row of an output."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.errors import InvalidDataError
from keepwell.core.records import Signature
from keepwell.deployment.labels import class_names
from keepwell.deployment.scoring import Scores
from keepwell.features.novelty import Novel, novel_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MANY_CLASSES = 100  # more than that share one column of lists
_ALPHABET = np.frombuffer(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ", dtype=np.uint8)
_LENGTH, _OF_JOB = 26, 18  # characters of an id, and how many of them all rows of a job share


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What was predicted how often; sums for numbers; which labels training never saw."""

    rows: int = 0
    classes: dict[str, int] | None = None
    total: float = 0.0
    low: float | None = None
    high: float | None = None
    unseen: dict[str, Novel] = field(default_factory=dict)

    def __add__(self, other: "Tally") -> "Tally":
        classes = None
        if self.classes is not None or other.classes is not None:
            mine, theirs = self.classes or {}, other.classes or {}
            names = dict.fromkeys([*mine, *theirs])
            classes = {name: mine.get(name, 0) + theirs.get(name, 0) for name in names}
        lows = [low for low in (self.low, other.low) if low is not None]
        highs = [high for high in (self.high, other.high) if high is not None]
        return Tally(
            rows=self.rows + other.rows,
            classes=classes,
            total=self.total + other.total,
            low=min(lows, default=None),
            high=max(highs, default=None),
            unseen={
                name: self.unseen.get(name, Novel()) + other.unseen.get(name, Novel())
                for name in dict.fromkeys([*self.unseen, *other.unseen])
            },
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the counts by class, or mean, least and greatest number."""
        if self.classes is not None:
            return dict(self.classes)
        mean = self.total / self.rows if self.rows else None
        return {"mean": mean, "min": self.low, "max": self.high}


def tally(scores: Scores, signature: Signature, inputs: pa.Table) -> Tally:
    """Return how often what was predicted, and what of the inputs training never saw."""
    return replace(_predicted(scores, signature), unseen=novel_labels(inputs, signature))


def _predicted(scores: Scores, signature: Signature) -> Tally:
    rows = len(scores.predictions)
    if scores.probabilities is None:
        values = np.asarray(scores.predictions, dtype=np.float64)
        low, high = (float(values.min()), float(values.max())) if rows else (None, None)
        return Tally(rows=rows, total=float(values.sum()), low=low, high=high)
    names = class_names(signature)
    counts = np.bincount(scores.probabilities.argmax(axis=1), minlength=len(names))
    return Tally(rows=rows, classes=dict(zip(names, counts.tolist(), strict=True)))


def beside(
    given: pa.Table, scores: Scores, signature: Signature, ids: pa.Array, version: int
) -> pa.Table:
    """Return the rows with the answers to them."""
    answers: dict[str, Any] = {}
    if scores.probabilities is None:
        answers["prediction"] = pa.array(scores.predictions)
    else:
        labels = pa.array(list(signature.classes))
        answers["prediction"] = labels.take(pa.array(scores.probabilities.argmax(axis=1)))
        names = class_names(signature)
        if len(names) > _MANY_CLASSES:
            answers["probabilities"] = pa.array(scores.probabilities.tolist())
        else:
            for at, name in enumerate(names):
                answers[f"probability_{name}"] = pa.array(scores.probabilities[:, at])
    answers["prediction_id"] = ids
    answers["model_version"] = pa.array(np.full(len(ids), version, dtype=np.int32))
    for name, values in answers.items():
        given = given.append_column(name, values)
    return given


def must_be_free(names: tuple[str, ...], signature: Signature, source: str) -> None:
    """Refuse a source with a column where an answer is to go."""
    ours = {"prediction", "probabilities", "prediction_id", "model_version"}
    ours |= {f"probability_{name}" for name in class_names(signature)}
    taken = [name for name in names if name in ours]
    if taken:
        raise InvalidDataError(
            f"{source} has a column '{taken[0]}' already",
            why="that is where the model's answer goes",
            now=f"rename '{taken[0]}', or leave it out",
        )


def number_rows(job: str, start: int, rows: int) -> pa.Array:
    """Return the ids of a job's rows: ULIDs that begin like the job's own and end with the row's number.

    So a row that is scored again after a crash gets the id that it had, and ids sort like the rows.
    """
    marks: NDArray[np.uint8] = np.empty((rows, _LENGTH), dtype=np.uint8)
    marks[:, :_OF_JOB] = np.frombuffer(job[:_OF_JOB].encode(), dtype=np.uint8)
    numbers = np.arange(start, start + rows, dtype=np.int64)
    for at in range(_OF_JOB, _LENGTH):
        marks[:, at] = _ALPHABET[numbers >> 5 * (_LENGTH - 1 - at) & 31]
    ends = np.arange(0, (rows + 1) * _LENGTH, _LENGTH, dtype=np.int32)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(ends), pa.py_buffer(marks))
