"""Files of predictions: CSV, Parquet or JSON Lines, read in pieces."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from keepwell.core.errors import InvalidDataError, NotFoundError
from keepwell.core.records import Endpoint
from keepwell.data.engine import connect, path_literal, stream
from keepwell.monitoring.elsewhere import Elsewhere, Rejected, Taken
from keepwell.monitoring.elsewhere.sheets import Columns, columns_of, items_of

AT_ONCE = 5_000
_TYPED = (  # never BOOLEAN: `yes` is a label, and the program that logs it says so too
    "auto_type_candidates = ['BIGINT', 'DOUBLE', 'DATE', 'TIMESTAMP', 'VARCHAR'], sample_size = -1"
)
MOST_REASONS = 20
_READERS = {
    "csv": "read_csv",
    "tsv": "read_csv",
    "parquet": "read_parquet",
    "jsonl": "read_json",
    "ndjson": "read_json",
    "json": "read_json",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a file's rows; of those that were rejected, the first few are told."""

    rows: int = 0
    accepted: int = 0
    duplicate: int = 0
    outcomes: int = 0
    rejected: int = 0
    reasons: tuple[Rejected, ...] = ()

    def plus(self, taken: Taken, rows: int) -> "Imported":
        """Return this with a piece more."""
        moved = (replace(one, index=self.rows + one.index) for one in taken.rejected)
        return Imported(
            rows=self.rows + rows,
            accepted=self.accepted + taken.accepted,
            duplicate=self.duplicate + taken.duplicate,
            outcomes=self.outcomes + taken.outcomes,
            rejected=self.rejected + len(taken.rejected),
            reasons=(*self.reasons, *moved)[:MOST_REASONS],
        )


def read_table(path: Path, temp: Path) -> pa.Table:
    """Return a file's rows, with types as its values tell them.

    Raises:
        NotFoundError: If there is no such file.
        InvalidDataError: If it is not what its name says.
    """
    batches = list(_stream(path, temp))
    return pa.Table.from_batches(batches) if batches else _none(path)


def import_file(
    path: Path,
    endpoint: Endpoint,
    elsewhere: Elsewhere,
    wanted: Columns,
    *,
    inputs: tuple[str, ...],
    temp: Path,
    caller: str,
) -> Imported:
    """Hand in a file's predictions. A row without an id is known by the file and its place in it.

    So the same file a second time adds nothing. Rows that cannot be used are told, and left out.

    Raises:
        NotFoundError: If there is no such file.
        InvalidDataError: If it is not what its name says, or lacks a column.
    """
    total = Imported()
    digest = ""
    for batch in _stream(path, temp):
        table = pa.Table.from_batches([batch])
        columns = columns_of(table.column_names, wanted, inputs=inputs)
        items = list(items_of(table, columns))
        if not columns.id:
            digest = digest or _digest(path)
            for at, item in enumerate(items, start=total.rows):
                item["id"] = f"{digest}:{at}"
        taken = elsewhere.take(endpoint, items, caller=caller, partial=True)
        total = total.plus(taken, len(items))
    return total if total.rows else _none(path)


def named(columns: Columns) -> tuple[str, ...]:
    """Return the columns that were named."""
    return tuple(value for field in fields(columns) if (value := getattr(columns, field.name)))


def _stream(path: Path, temp: Path) -> Iterator[pa.RecordBatch]:
    import duckdb

    if not path.is_file():
        raise NotFoundError(
            f"there is no file {path}", now="name a CSV, Parquet or JSON Lines file"
        )
    words = path.name.lower().removesuffix(".gz").removesuffix(".zst").rpartition(".")
    reader = _READERS.get(words[2])
    if reader is None:
        raise InvalidDataError(
            f"{path} is of no kind that is read",
            why=f"kinds: {', '.join(f'.{kind}' for kind in _READERS)}, also with .gz or .zst",
            now="save it as CSV or Parquet",
        )
    temp.mkdir(parents=True, exist_ok=True)
    connection: duckdb.DuckDBPyConnection
    with connect(temp) as connection:
        try:
            asked = path_literal(path.resolve()) + (f", {_TYPED}" if reader == "read_csv" else "")
            yield from stream(connection, f"FROM {reader}({asked})", AT_ONCE)
        except duckdb.Error as error:
            raise InvalidDataError(
                f"{path} cannot be read",
                why=str(error).splitlines()[0][:300],
                now="look at the file: it should have a header and the same columns in each row",
            ) from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:24]


def _none(path: Path) -> Any:
    raise InvalidDataError(f"{path} has no rows", now="name a file with predictions")
