"""Where in the source a value stands, for whoever has to mend it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from keepwell.data.engine import first_row
from keepwell.data.sources.files import DataFile
from keepwell.data.sources.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One value's place.

    Attributes:
        row: Counted from 1 over all files, without headers.
        file: The file that holds it.
        line: The line it stands in; None where there are no lines.
        value: As text, cut at 200 characters; None if it is missing.
    """

    row: int
    file: str
    line: int | None
    value: str | None

    def __str__(self) -> str:
        where = f"line {self.line:,}" if self.line else f"row {self.row:,}"
        return f"{where} of {Path(self.file).name}: " + (
            "no value" if self.value is None else repr(self.value)
        )


_CUT = 200


def cut(value: object) -> str | None:
    """Return a value as text of bounded length."""
    if value is None:
        return None
    text = str(value)
    return text if len(text) <= _CUT else text[: _CUT - 1] + "…"


def find_places(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    name: str,
    condition_in: Callable[[DataFile, str], str],
    limit: int,
) -> list[Place]:
    """Return the first values of a column for which an SQL condition holds."""
    places: list[Place] = []
    before = 0
    connection.execute("SET threads = 1")  # rows are numbered in their order
    try:
        for file in source.files:
            column = f"c{file.names.index(name)}"
            rows = connection.sql(
                f"SELECT r, v FROM (SELECT row_number() OVER () AS r, {column} AS v "
                f"FROM {file.relation()}) WHERE {condition_in(file, 'v')} "
                f"LIMIT {limit - len(places)}"
            ).fetchall()
            places += [_place(file, before, row, value) for row, value in rows]
            if len(places) >= limit:
                break
            before += first_row(connection, f"SELECT count(*) FROM {file.relation()}")[0]
    finally:
        connection.execute("RESET threads")
    return places


def locate(files: Sequence[DataFile], rows: Sequence[int], row: int) -> tuple[DataFile, int]:
    """Return the file that holds a row (from 0, over all files) and the row's number in it."""
    for file, count in zip(files, rows, strict=True):
        if row < count:
            return file, row
        row -= count
    raise IndexError(row)


def _place(file: DataFile, before: int, row: int, value: object) -> Place:
    return Place(
        row=before + row, file=str(file.path), line=file.line_of(row - 1), value=cut(value)
    )
