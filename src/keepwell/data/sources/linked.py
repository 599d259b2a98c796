"""A table with a column of paths to pictures: their files take the place of the paths.

Paths start from the table's folder, or from the project's. Only a table that is brought as a source is
looked at in this way: a row in a request holds the picture itself.
"""

import base64
import re
import shutil
import tempfile
import weakref
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from keepwell.core.errors import InvalidDataError, KeepwellError
from keepwell.core.records.dataset import Finding
from keepwell.data.engine import path_literal
from keepwell.data.fingerprint import PICTURES, suffix_of
from keepwell.data.sources.files import DataFile, Sample
from keepwell.data.sources.made import sample_of

_PATH = re.compile(r"[^\0\n]{1,400}\.(?:png|jpe?g|gif|bmp|webp)", re.IGNORECASE)
_LOOKED_AT = 5
_AT_ONCE = 64
_MOST = 20 << 20  # bytes: more are refused later, too


def with_pictures(file: DataFile, root: Path) -> DataFile:
    """Return the same file, or one in which pictures stand where it has paths to them.

    Args:
        file: A table.
        root: What paths may start from, beside the table's folder.
    """
    if suffix_of(file.path) in PICTURES:
        return file
    kinds = file.types or ("VARCHAR",) * len(file.names)
    with duckdb.connect(":memory:") as connection:
        try:
            relation = connection.sql(f"FROM {file.relation()} LIMIT {_LOOKED_AT}")
            rows = relation.fetchall()
        except duckdb.Error:  # whoever reads it in earnest says what is wrong with it
            return file
    columns = [
        at
        for at, kind in enumerate(kinds)
        if kind == "VARCHAR" and _are_pictures([row[at] for row in rows], file.path.parent, root)
    ]
    return LinkedFile(file, columns, root) if columns else file


class LinkedFile:
    """A table with some of its columns read from the files that they name.

    Args:
        file: The table.
        columns: Positions of the columns of paths.
        root: What paths may start from, beside the table's folder.
    """

    def __init__(self, file: DataFile, columns: list[int], root: Path) -> None:
        self._file, self._columns, self._root = file, columns, root
        self.path, self.names, self.types = file.path, file.names, file.types

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return the table's."""
        return self._file.findings

    @cached_property
    def _parquet(self) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="keepwell-pictures-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        schema = pa.schema([(f"p{at}", pa.string()) for at in self._columns])
        chosen = ", ".join(f"c{at} AS p{at}" for at in self._columns)
        with (
            duckdb.connect(":memory:") as connection,
            pq.ParquetWriter(folder / "pictures.parquet", schema) as writer,
        ):
            connection.execute("SET threads = 1")  # rows are numbered in their order
            answer = connection.execute(f"SELECT {chosen} FROM {self._file.relation()}")
            before = 0
            while rows := answer.fetchmany(_AT_ONCE):
                read = [
                    [self._read(row[place], before + number) for number, row in enumerate(rows, 1)]
                    for place in range(len(self._columns))
                ]
                arrays = [pa.array(cells, type=pa.string()) for cells in read]
                writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
                before += len(rows)
        return folder / "pictures.parquet"

    def relation(self) -> str:
        """Return what SQL selects from: the table, with the pictures beside it row by row."""
        columns = ", ".join(
            f"b.p{at} AS c{at}" if at in self._columns else f"a.c{at} AS c{at}"
            for at in range(len(self.names))
        )
        pictures = f"read_parquet({path_literal(self._parquet)})"
        return f"(SELECT {columns} FROM {self._file.relation()} a POSITIONAL JOIN {pictures} b)"

    def sample(self) -> Sample:
        """Return its first rows."""
        return sample_of(self.relation(), self.types, self.names, self._parquet)

    def explain(self, error: Exception) -> KeepwellError | None:
        """Return what the table says of it."""
        return self._file.explain(error)

    def line_of(self, row: int) -> int | None:
        """Return the table's."""
        return self._file.line_of(row)

    def _read(self, path: Any, row: int) -> str | None:
        if path is None or not str(path).strip():
            return None
        at = _found(str(path), self.path.parent, self._root)
        try:
            if at is None:
                raise FileNotFoundError
            size = at.stat().st_size
            data = at.read_bytes() if 0 < size <= _MOST else b""
        except OSError:
            raise InvalidDataError(
                f"{self.path} names a picture that is not there: '{str(path)[:200]}'",
                why=f"row {row:,} has it; looked in {self.path.parent} and in {self._root}",
                now="put the file there, or take the row out",
                details={"row": row},
            ) from None
        if not data:
            raise InvalidDataError(
                f"the picture {at} cannot be taken",
                why=f"it has {size:,} bytes; 1 to {_MOST:,} are",
                now="replace it, or take the row out",
                details={"row": row},
            )
        return base64.b64encode(data).decode()


def _are_pictures(values: list[Any], *folders: Path) -> bool:
    given = [str(value) for value in values if value not in (None, "")]
    if not given or not all(_PATH.fullmatch(value) for value in given):
        return False
    return any(_found(value, *folders) is not None for value in given)


def _found(path: str, *folders: Path) -> Path | None:
    for folder in folders:
        at = folder / Path(path).expanduser()
        if at.is_file():
            return at
    return None
