"""`keepwell.compile`: any fitted scikit-learn model as a function of rows and of batches.

scorer = keepwell.compile(pipeline, sample=frame)
scorer.rows([{"age": 41, "colour": "red"}]).predictions   # as they come from JSON
scorer.batch(frame).probabilities                         # Arrow or pandas
scorer.proof                                              # how far it is from the original
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from keepwell.core.errors import InvalidDataError
from keepwell.core.records import KeptPart, Proof, Signature
from keepwell.deployment.scoring.compilation import without_search
from keepwell.deployment.scoring.inputs import model_signature
from keepwell.deployment.scoring.intake import takes_texts
from keepwell.deployment.scoring.proof import build_scorer_files, difference
from keepwell.deployment.scoring.scorer import Scores, load_scorer

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    Rows: TypeAlias = pa.Table | pd.DataFrame | NDArray[Any]


PROOF_ROWS = 2000
"""Rows of a sample that a scorer is compared with its model on."""


class CompiledModel:
    """A fitted model that answers without its library. Safe for several threads.

    Attributes:
        signature: What it takes and gives.
        proof: On how many rows it was compared with the original, and the largest difference; None
            without a sample.
        files: What it is made of: plain data, and the original in skops' format.
    """

    def __init__(self, signature: Signature, files: dict[str, bytes], evidence: Proof) -> None:
        self.signature = signature
        self.files = files
        self.proof = evidence if evidence.rows else None
        self._evidence = evidence
        self._scorer = load_scorer(files.__getitem__, signature)

    @property
    def compiled(self) -> bool:
        """Whether it is compiled, at least in part; else the original answers, and `reason` says why."""
        return self._evidence.compiled

    @property
    def reason(self) -> str:
        """Why the whole model runs as it is; empty if it does not."""
        return self._evidence.reason

    @property
    def kept(self) -> tuple[KeptPart, ...]:
        """The steps that run as they are between compiled ones, and why."""
        return self._evidence.kept

    def rows(self, instances: Sequence[Mapping[str, Any]]) -> Scores:
        """Score instances as they come from JSON.

        Raises:
            InvalidRequestError: If one does not fit the signature; names the column and the instance.
        """
        return self._scorer.rows(instances)

    def batch(self, rows: "Rows", *, lenient: bool = False) -> Scores:
        """Score an Arrow table or a DataFrame.

        Args:
            rows: Has the signature's inputs; other columns are ignored.
            lenient: Take a missing value even where the sample had none.

        Raises:
            InvalidRequestError: As `rows` does.
        """
        return self._scorer.batch(as_table(rows, self.signature), lenient=lenient)

    def __repr__(self) -> str:
        how = "compiled" if self.compiled and not self.kept else "compiled in part"
        inputs = ", ".join(field.name for field in self.signature.inputs[:5])
        return f"<CompiledModel {how if self.compiled else 'as it is'}: {inputs}>"


def compile_model(model: Any, sample: "Rows | None" = None, *, target: str = "") -> CompiledModel:
    """Return a scorer of any fitted scikit-learn estimator or pipeline.

    Args:
        model: A fitted classifier or regressor, usually at the end of a `Pipeline`.
        sample: Rows like those it was fitted on (an Arrow table, a DataFrame or an array). They say
            what the columns hold, and the scorer is compared with the model on the first 2,000, and on
            copies with gaps and labels that no row has.
        target: The column it predicts, if the sample has it.

    Raises:
        InvalidDataError: If the sample lacks a column, or cannot be read.
        TrainingError: If the model holds code that was not reviewed, or gives no probabilities.
        UsageError: If it was not fitted, or does not predict one thing.
    """
    table = None if sample is None else as_table(sample).slice(0, PROOF_ROWS)
    signature = model_signature(model, table, target)
    files, evidence = build_scorer_files(model, signature, table)
    made = CompiledModel(signature, files, evidence)
    if sample is None or table is None or hasattr(sample, "schema"):
        return made
    apart = _apart(made, without_search(model), sample, table)
    largest = max(apart, evidence.largest_difference)
    rows = max(evidence.rows, table.num_rows)
    return CompiledModel(signature, files, replace(evidence, rows=rows, largest_difference=largest))


def _apart(made: CompiledModel, model: Any, sample: Any, table: "pa.Table") -> float:
    """Return how far the scorer is from the model on the caller's own rows, which are not canonical."""
    given = sample[:PROOF_ROWS]
    names = [field.name for field in made.signature.inputs]
    if takes_texts(model):
        given = given.iloc[:, 0] if hasattr(given, "iloc") else given.ravel()
    elif hasattr(given, "columns") and set(names) <= set(given.columns):
        given = given[names]
    answers = made.batch(table, lenient=True)
    try:
        if answers.probabilities is None:
            return difference(np.array(answers.predictions), np.ravel(model.predict(given)))
        return difference(answers.probabilities, model.predict_proba(given))
    except ValueError:  # it refuses the rows as they are, with infinite numbers in them for example
        return 0.0


def as_table(rows: Any, signature: Signature | None = None) -> "pa.Table":
    """Return rows as an Arrow table.

    Args:
        rows: An Arrow table, a DataFrame, or an array, whose columns get the signature's names.
        signature: Of the model that they are for, where it is known.

    Raises:
        InvalidDataError: If a column has no one type, or the rows are something else.
    """
    import pyarrow as pa

    if isinstance(rows, pa.Table):
        return rows
    import pandas as pd

    if isinstance(rows, np.ndarray):
        matrix = rows if rows.ndim > 1 else rows[:, None]
        known = [field.name for field in signature.inputs] if signature else []
        names = (
            known if len(known) == matrix.shape[1] else [f"x{i}" for i in range(matrix.shape[1])]
        )
        rows = pd.DataFrame(matrix, columns=names).infer_objects()
    if not isinstance(rows, pd.DataFrame):
        raise InvalidDataError(
            f"rows are a {type(rows).__name__}",
            why="an Arrow table, a DataFrame or an array is needed",
            now="for rows from JSON call rows(…)",
        )
    frame = rows.rename(columns=str)
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise InvalidDataError(
            "a column of the rows has no one type",
            why="; ".join(str(part) for part in error.args),
            now="make the column all text or all numbers",
        ) from None
