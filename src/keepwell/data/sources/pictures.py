"""A picture file as one row: its bytes in base64, and the name of the folder that it is in."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from keepwell.core.errors import InvalidDataError, KeepwellError
from keepwell.core.records.dataset import Finding
from keepwell.data.engine import path_literal
from keepwell.data.fingerprint import vanished
from keepwell.data.sources.files import Sample

NAMES = ("image", "label")


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFile:
    """A picture, read by DuckDB as bytes: it is decoded where it is learnt from, not here."""

    path: Path
    names: tuple[str, ...] = NAMES
    types: tuple[str, ...] = ("VARCHAR",) * len(NAMES)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return nothing."""
        return ()

    def relation(self) -> str:
        """Return what SQL selects from."""
        label = _quoted(self.path.parent.name)
        blob = f"read_blob({path_literal(self.path)})"
        return f"(SELECT base64(content) AS c0, {label} AS c1 FROM {blob})"

    def sample(self) -> Sample:
        """Return its row."""
        with duckdb.connect(":memory:") as connection:
            table = connection.sql(f"FROM {self.relation()}").to_arrow_table()
        return Sample(table=table, complete=True, expected=1)

    def explain(self, error: Exception) -> KeepwellError | None:
        """Return what an error that came up while reading it means; None if it is not about it."""
        return None if self.path.exists() else vanished(self.path)

    def line_of(self, row: int) -> int | None:
        """Return None: a picture has no lines."""


def open_picture(path: Path) -> PictureFile:
    """Return a picture file.

    Raises:
        InvalidDataError: If it is empty.
        NotFoundError: If it is gone.
    """
    try:
        empty = path.stat().st_size == 0
    except FileNotFoundError:
        raise vanished(path) from None
    if empty:
        raise InvalidDataError(
            f"{path} is empty",
            why="it has 0 bytes",
            now="copy it again, or take it out of the folder",
        )
    return PictureFile(path=path)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
