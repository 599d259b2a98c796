"""Score a file, piece by piece."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from keepwell.core.errors import InvalidDataError, InvalidRequestError
from keepwell.core.identifiers import new_id
from keepwell.core.progress import Progress, SilentProgress
from keepwell.core.records import Signature
from keepwell.deployment.batch.reading import Rows, read_rows
from keepwell.deployment.batch.writing import writing
from keepwell.deployment.labels import class_names
from keepwell.deployment.scoring import Scorer, Scores

ROWS_AT_ONCE = 65_536
_MANY_CLASSES = 100  # more than that share one column of lists


def predict_file(
    scorer: Scorer,
    source: Path | str,
    output: Path,
    *,
    version: int = 0,
    root: Path | None = None,
    progress: Progress | None = None,
) -> int:
    """Score every row of a source and write rows and answers to a file; return how many there were.

    Args:
        scorer: What answers.
        source: A file, folder or glob of CSV, Parquet or JSON Lines.
        output: Its name says the format: `.parquet`, `.csv`, `.jsonl`.
        version: The model version, written beside each row.
        root: What a relative source starts from; the present folder if None.
        progress: Hears how many rows are done.

    Raises:
        NotFoundError: If there is no such source.
        InvalidDataError: If it cannot be read, or a row does not fit the model; names column and row.
        UsageError: If the output's name says no format.
        StorageError: If the output cannot be written. Nothing is left behind then.
    """
    listener = progress if progress is not None else SilentProgress()
    start = root if root is not None else Path.cwd()
    count = 0
    with writing(output) as write:
        for rows in read_rows(str(source), start, scorer.signature, ROWS_AT_ONCE):
            _must_be_free(rows.given.column_names, scorer.signature, str(source))
            scores = _score(scorer, rows, str(source))
            write(_beside(rows.given, scores, scorer.signature, version))
            count += rows.given.num_rows
            listener.update(f"{count:,} rows scored")
        if not count:
            raise InvalidDataError(f"{source} has no rows", now="there is nothing to score")
    return count


def _score(scorer: Scorer, rows: Rows, source: str) -> Scores:
    table = rows.inputs
    if not table.num_columns:  # the model needs none of what the source has
        table = pa.table({"": pa.nulls(rows.given.num_rows)})
    try:
        return scorer.batch(table)
    except InvalidRequestError as error:
        column, at = error.details.get("column", ""), error.details.get("instance", 0)
        raise InvalidDataError(
            f"row {rows.start + at + 1:,} of {source} does not fit the model: column '{column}'",
            why=error.why,
            now=error.now,
            details={"column": column, "row": rows.start + at + 1},
        ) from error


def _beside(given: pa.Table, scores: Scores, signature: Signature, version: int) -> pa.Table:
    answers: dict[str, Any] = {"prediction": pa.array(scores.predictions)}
    if scores.probabilities is not None:
        names = class_names(signature)
        if len(names) > _MANY_CLASSES:
            answers["probabilities"] = pa.array(scores.probabilities.tolist())
        else:
            for at, name in enumerate(names):
                answers[f"probability_{name}"] = pa.array(scores.probabilities[:, at])
    rows = len(scores.predictions)
    answers["prediction_id"] = pa.array([new_id() for _ in range(rows)])
    answers["model_version"] = pa.array([version] * rows, pa.int32())
    for name, values in answers.items():
        given = given.append_column(name, values)
    return given


def _must_be_free(names: list[str], signature: Signature, source: str) -> None:
    ours = {"prediction", "probabilities", "prediction_id", "model_version"}
    ours |= {f"probability_{name}" for name in class_names(signature)}
    taken = [name for name in names if name in ours]
    if taken:
        raise InvalidDataError(
            f"{source} has a column '{taken[0]}' already",
            why="that is where the model's answer goes",
            now=f"rename '{taken[0]}', or leave it out",
        )
