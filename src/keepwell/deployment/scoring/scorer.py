"""A model version that answers: rows from requests, batches from tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import numpy as np

from keepwell.core.errors import InvalidRequestError
from keepwell.core.records import ColumnType, Signature, Task
from keepwell.deployment.scoring.compilation import Compiled
from keepwell.features.decoding import Decoder

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

SCORER_FILE = "scorer.json"
PIPELINE_FILE = "pipeline.skops"

_AT_ONCE = 8192  # rows whose features are in memory together
_FEW = 8  # rows up to which the row face is faster than the batch face
_TEXTUAL = (ColumnType.CATEGORY, ColumnType.TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Answers to rows, in their order.

    Attributes:
        predictions: Class labels as in the training data, or numbers.
        probabilities: One row per row, in the order of the signature's classes; None for regression.
        warnings: What was odd about the rows, for whoever sent them.
    """

    predictions: list[Any]
    probabilities: "NDArray[np.float64] | None" = None
    warnings: list[str] = field(default_factory=list)


class Model(Protocol):
    """Canonical values in, probabilities or numbers out."""

    def row(self, values: Sequence[Any]) -> list[float]:
        """Answer one row."""
        ...

    def batch(self, columns: "Sequence[NDArray[Any]]") -> "NDArray[np.float64]":
        """Answer rows given as columns; one row of answers per row."""
        ...


class Scorer:
    """Scores by a model's signature. Safe for several threads.

    Args:
        signature: What the model takes and gives.
        model: What answers.
    """

    def __init__(self, signature: Signature, model: Model) -> None:
        self.signature = signature
        self.compiled = isinstance(model, Compiled)
        # A step that runs as it is costs as much for one row as for a hundred.
        self._few = 1 if isinstance(model, Compiled) and model.kept else _FEW
        self._model = model
        self._decoder = Decoder(signature)
        self._kinds = [object if f.type in _TEXTUAL else np.float64 for f in signature.inputs]
        self._classes = list(signature.classes)
        self._regression = signature.task is Task.REGRESSION

    def rows(self, instances: Sequence[Mapping[str, Any]]) -> Scores:
        """Score instances as they come from JSON.

        Raises:
            InvalidRequestError: If one does not fit the signature; names the column and the instance.
        """
        if not instances:
            return self._scores(np.empty((0, max(1, len(self._classes)))), [])
        decoded = self._decoder.rows(instances)
        if self.compiled and len(instances) <= self._few:
            row = self._model.row
            answers = np.array([row(values) for values in zip(*decoded.columns, strict=True)])
        else:
            answers = self._model.batch(
                [
                    np.array(values, dtype=kind)
                    for values, kind in zip(decoded.columns, self._kinds, strict=True)
                ]
            )
        return self._scores(answers, decoded.warnings)

    def batch(self, table: "pa.Table", *, lenient: bool = False) -> Scores:
        """Score the rows of a table.

        Args:
            table: Has the signature's inputs; other columns are ignored.
            lenient: Take a missing value even where training saw none.

        Raises:
            InvalidRequestError: As `rows` does.
        """
        decoder = Decoder(self.signature, lenient=True) if lenient else self._decoder
        answers = [self._piece(decoder, table, at) for at in range(0, table.num_rows, _AT_ONCE)]
        if not answers:
            return self.rows([])
        return self._scores(np.concatenate(answers), [])

    def _piece(self, decoder: Decoder, table: "pa.Table", start: int) -> "NDArray[np.float64]":
        try:
            frame = decoder.table(table.slice(start, _AT_ONCE))
        except InvalidRequestError as error:
            error.details["instance"] = error.details.get("instance", 0) + start
            raise
        return self._model.batch([frame[item.name].to_numpy() for item in self.signature.inputs])

    def _scores(self, answers: "NDArray[np.float64]", warnings: list[str]) -> Scores:
        if self._regression:
            return Scores(predictions=answers[:, 0].tolist(), warnings=warnings)
        labels = self._classes
        return Scores(
            predictions=[labels[at] for at in answers.argmax(axis=1).tolist()],
            probabilities=answers,
            warnings=warnings,
        )


def load_scorer(read: Callable[[str], bytes], signature: Signature) -> Scorer:
    """Return the scorer of a bundle.

    Args:
        read: Gives a file of the bundle by name, verified.
        signature: Of the model version that the bundle belongs to.

    Raises:
        FormatError: If the files were written by a newer Keepwell, or do not belong together.
    """
    data = msgspec.json.decode(read(SCORER_FILE))
    if "head" in data:
        return Scorer(signature, Compiled(data, read))
    from keepwell.deployment.scoring.original import Original, load_pipeline

    return Scorer(signature, Original(load_pipeline(read(PIPELINE_FILE)), signature))
