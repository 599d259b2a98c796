"""A model version that answers: rows from requests, batches from tables."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import numpy as np

from keepwell.core.errors import InvalidRequestError
from keepwell.core.records import ColumnType, Signature, Task
from keepwell.deployment.scoring.compilation import Compiled
from keepwell.deployment.tracing.stages import Stages, present
from keepwell.features.decisions import decided
from keepwell.features.decoding import Decoder
from keepwell.tracking.metrics.quantile import Quantiles

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

SCORER_FILE = "scorer.json"
PIPELINE_FILE = "pipeline.skops"

_AT_ONCE = 65_536  # rows whose features are in memory together
_AT_ONCE_TEXT = 8192  # the same where a text may become thousands of them
_MOMENT = 0.02  # seconds that scoring may keep the event loop
_WEIGHT = 0.05  # of a measurement by which a row takes longer than it was thought to
_FEW = 8  # rows up to which the row face is faster than the batch face
_TEXTUAL = (ColumnType.CATEGORY, ColumnType.TEXT, ColumnType.IMAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Answers to rows, in their order.

    Attributes:
        predictions: Class labels as in the training data, or numbers.
        probabilities: One row per row, in the order of the signature's classes; None for regression.
        quantiles: Of a regression that was trained for them.
        warnings: What was odd about the rows, for whoever sent them.
        cold_start: Seconds that they waited until the model was loaded.
    """

    predictions: list[Any]
    probabilities: "NDArray[np.float64] | None" = None
    quantiles: Quantiles | None = None
    warnings: list[str] = field(default_factory=list)
    cold_start: float = 0.0


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
        self.catalogue = 0  # items that it may recommend
        # A step that runs as it is costs as much for one row as for a hundred.
        self._few = 1 if isinstance(model, Compiled) and model.kept else _FEW
        self._model = model
        self.row = model.row  # answers one row of canonical values
        self._pace = 0.0  # seconds a row, lately
        self._decoder = Decoder(signature)
        self._kinds = [object if f.type in _TEXTUAL else np.float64 for f in signature.inputs]
        texts = any(item.type is ColumnType.TEXT for item in signature.inputs)
        self._at_once = _AT_ONCE_TEXT if texts else _AT_ONCE
        self._classes = list(signature.classes)
        self._regression = signature.task.numeric

    def quick(self, rows: int) -> bool:
        """Tell whether so many rows take so little time that others may as well wait for them."""
        return self.compiled and self._pace * rows < _MOMENT

    def rows(self, instances: Sequence[Mapping[str, Any]]) -> Scores:
        """Score instances as they come from JSON.

        Raises:
            InvalidRequestError: If one does not fit the signature; names the column and the instance.
        """
        started = time.perf_counter()
        try:
            return self._rows(instances)
        finally:
            self.took(len(instances), time.perf_counter() - started)

    def took(self, rows: int, seconds: float) -> None:
        """Note how long rows took."""
        pace = seconds / rows if rows > 1 else seconds
        if pace < self._pace:
            self._pace = pace
        else:  # the machine may have been busy with others: one slow answer proves little
            self._pace += (pace - self._pace) * _WEIGHT

    def _rows(self, instances: Sequence[Mapping[str, Any]]) -> Scores:
        if not instances:
            return self._scores(np.empty((0, max(1, len(self._classes)))), [])
        decoded = self._decoder.rows(instances)
        few = self.compiled and len(instances) <= self._few
        stages = present()
        if stages is not None:
            return self._scores(self._measured(decoded.columns, few, stages), decoded.warnings)
        return self._scores(self._answered(decoded.columns, few), decoded.warnings)

    def _answered(self, columns: Sequence[Sequence[Any]], few: bool) -> "NDArray[np.float64]":
        """Answer rows given as columns of values: a few one by one, many together."""
        if few:
            row = self._model.row
            return np.array([row(values) for values in zip(*columns, strict=True)])
        return self._model.batch(self._arrays(columns))

    def _measured(
        self, columns: Sequence[Sequence[Any]], few: bool, stages: Stages
    ) -> "NDArray[np.float64]":
        """Do the same, and say how long its stages take."""
        stages.mark("decode")
        model = self._model
        if isinstance(model, Compiled) and model.in_stages:
            if few:
                return model.staged_rows(list(zip(*columns, strict=True)), stages.mark)
            return model.staged_batch(self._arrays(columns), stages.mark)
        answers = self._answered(columns, few)
        stages.mark("model")
        return answers

    def _arrays(self, columns: Sequence[Sequence[Any]]) -> "list[NDArray[Any]]":
        pairs = zip(columns, self._kinds, strict=True)
        return [np.array(values, dtype=kind) for values, kind in pairs]

    def answers(self, rows: Sequence[Sequence[Any]]) -> list[list[float]]:
        """Return the answers to rows of canonical values: probabilities, or one number each."""
        model = self._model
        if len(rows) <= _FEW or not isinstance(model, Compiled):
            return [model.row(values) for values in rows]
        answers: list[list[float]] = model.many(rows).tolist()
        return answers

    def batch(self, table: "pa.Table", *, lenient: bool = False) -> Scores:
        """Score the rows of a table.

        Args:
            table: Has the signature's inputs; other columns are ignored.
            lenient: Take a missing value even where training saw none.

        Raises:
            InvalidRequestError: As `rows` does.
        """
        decoder = Decoder(self.signature, lenient=True) if lenient else self._decoder
        starts = range(0, table.num_rows, self._at_once)
        answers = [self._piece(decoder, table, at) for at in starts]
        if not answers:
            return self.rows([])
        return self._scores(np.concatenate(answers), [])

    def examined(self, table: "pa.Table") -> Scores:
        """Answer the rows of an exam, gaps and all, by what was learnt and nothing that came later."""
        return self.batch(table, lenient=True)

    @property
    def model(self) -> Model:
        """What answers."""
        return self._model

    def canonical(self, instances: Sequence[Mapping[str, Any]]) -> "list[NDArray[Any]]":
        """Return instances as columns of canonical values, in the order of the signature.

        Raises:
            InvalidRequestError: As `rows` does.
        """
        columns = self._decoder.rows(instances).columns
        pairs = zip(columns, self._kinds, strict=True)
        return [np.array(values, dtype=kind) for values, kind in pairs]

    def canonical_table(self, table: "pa.Table") -> "list[NDArray[Any]]":
        """Return a table as columns of canonical values; a missing value is taken anywhere."""
        return Decoder(self.signature, lenient=True).columns(table)

    def scores_of(self, columns: "Sequence[NDArray[Any]]") -> Scores:
        """Score rows given as columns of canonical values."""
        return self._scores(self._model.batch(columns), [])

    def _piece(self, decoder: Decoder, table: "pa.Table", start: int) -> "NDArray[np.float64]":
        try:
            columns = decoder.columns(table.slice(start, self._at_once))
        except InvalidRequestError as error:
            error.details["instance"] = error.details.get("instance", 0) + start
            raise
        return self._model.batch(columns)

    def _scores(self, answers: "NDArray[np.float64]", warnings: list[str]) -> Scores:
        if self._regression:
            levels = self.signature.quantiles
            bands = Quantiles(levels=levels, values=answers[:, 1:]) if levels else None
            return Scores(predictions=answers[:, 0].tolist(), quantiles=bands, warnings=warnings)
        labels = self._classes
        if self.signature.task.several:
            flags = answers >= 0.5  # noqa: PLR2004 (each label by itself)
            said = [[labels[at] for at in np.flatnonzero(row).tolist()] for row in flags]
            return Scores(predictions=said, probabilities=answers, warnings=warnings)
        return Scores(
            predictions=[labels[at] for at in decided(self.signature, answers).tolist()],
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
    runs = data.get("runs", PIPELINE_FILE)
    if signature.task is Task.RANKING:
        from keepwell.deployment.scoring.recommending import recommending_scorer

        return recommending_scorer(read, signature)
    if runs != PIPELINE_FILE:
        from keepwell.deployment.scoring.foreign import load_foreign

        return Scorer(signature, load_foreign(runs, data, read, signature))
    from keepwell.deployment.scoring.original import Original, load_pipeline

    return Scorer(signature, Original(load_pipeline(read(PIPELINE_FILE)), signature))
