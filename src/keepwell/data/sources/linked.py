"""A table with a column of paths to pictures: their files take the place of the paths.

Paths start from the table's folder, or from the project's. Only a table that is brought as a source is
looked at in this way: a row in a request holds the picture itself.
"""

import base64
import re
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from keepwell.core.errors import InvalidDataError, KeepwellError
from keepwell.core.records.dataset import Finding
from keepwell.data.engine import path_literal
from keepwell.data.fingerprint import MEDIA, PICTURES, medium_of, not_learnt_from, suffix_of
from keepwell.data.pins.absence import absent
from keepwell.data.pins.drift import Promises
from keepwell.data.sources.files import DataFile, Sample
from keepwell.data.sources.made import sample_of

_PATH = re.compile(r"[^\0\n]{1,400}\.(?:png|jpe?g|gif|bmp|webp)", re.IGNORECASE)
_LOOKED_AT = 5
_LONGEST = 250  # characters of a path that is looked up
_AT_ONCE = 64
_MOST = 20 << 20  # bytes: more are refused later, too


def with_pictures(file: DataFile, root: Path) -> DataFile:
    """Return the same file, or one in which pictures stand where it has paths to them.

    Args:
        file: A table.
        root: What paths may start from, beside the table's folder.

    Raises:
        NotFoundError: If the pictures are pinned, and none of them is here.
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
    texts = {
        at: [str(row[at]) for row in rows if row[at] not in (None, "")]
        for at, kind in enumerate(kinds)
        if kind == "VARCHAR"
    }
    folders = (file.path.parent, root)
    columns = [at for at, values in texts.items() if _are_pictures(values, *folders)]
    media = {
        at: kind
        for at, values in texts.items()
        if (kind := _media_of(values, *folders)) and at not in columns
    }
    if not columns and not media:
        return file
    return LinkedFile(file, columns, root, [_left_out(file.names[at], media[at]) for at in media])


def must_not_be_media(findings: Iterable[Finding], features: Iterable[str], location: str) -> None:
    """Refuse data in which nothing but names of videos or sounds is there to learn from.

    Args:
        findings: What was noticed about its columns.
        features: The columns that a model would learn from.
        location: What the user calls it.

    Raises:
        InvalidDataError: It says what to bring instead.
    """
    kinds = {item.column: item.rule for item in findings if item.rule in MEDIA}
    named = set(features)
    if kinds and not named - kinds.keys():
        column, kind = next(iter(kinds.items()))
        raise not_learnt_from(
            f"beside the column '{column}', which names {kind}, {location} has nothing to learn from",
            kind,
        )


class LinkedFile:
    """A table with some of its columns read from the files that they name.

    Args:
        file: The table.
        columns: Positions of the columns of paths.
        root: What paths may start from, beside the table's folder.
        findings: What is odd about other columns.
    """

    def __init__(
        self, file: DataFile, columns: list[int], root: Path, findings: Sequence[Finding] = ()
    ) -> None:
        self._file, self._columns, self._root = file, columns, root
        self._findings = tuple(findings)
        self._promises = Promises()
        self.path, self.names, self.types = file.path, file.names, file.types

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return the table's, and those about columns that name videos or sounds."""
        return (*self._file.findings, *self._findings)

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
        if not self._columns:
            return self._file.relation()
        columns = ", ".join(
            f"b.p{at} AS c{at}" if at in self._columns else f"a.c{at} AS c{at}"
            for at in range(len(self.names))
        )
        pictures = f"read_parquet({path_literal(self._parquet)})"
        return f"(SELECT {columns} FROM {self._file.relation()} a POSITIONAL JOIN {pictures} b)"

    def sample(self) -> Sample:
        """Return its first rows."""
        if not self._columns:
            return self._file.sample()
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
            _must_not_be_absent(str(path), self.path.parent, self._root)
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
        self._promises.must_be_kept(at, data)
        return base64.b64encode(data).decode()


def _are_pictures(values: list[str], *folders: Path) -> bool:
    if not values or not all(_PATH.fullmatch(value) for value in values):
        return False
    if any(_found(value, *folders) is not None for value in values):
        return True
    _must_not_be_absent(values[0], *folders)
    return False


def _must_not_be_absent(path: str, *folders: Path) -> None:
    for folder in folders:
        pinned = absent(folder / Path(path).expanduser(), lambda _: True)
        if pinned is not None:
            raise pinned


def _media_of(values: list[str], *folders: Path) -> str:
    """Return `videos` or `sounds` where these are paths to such files; else nothing."""
    kinds = {medium_of(Path(value)) if len(value) <= _LONGEST else "" for value in values}
    kind = kinds.pop() if len(kinds) == 1 else ""
    there = kind and any(_found(value, *folders) is not None for value in values)
    return kind if there else ""


def _left_out(name: str, kind: str) -> Finding:
    message = (
        f"'{name}' names {kind}: only their names are read, for Keepwell does not learn from {kind}"
    )
    return Finding(column=name, rule=kind, message=message)


def _found(path: str, *folders: Path) -> Path | None:
    for folder in folders:
        at = folder / Path(path).expanduser()
        if at.is_file():
            return at
    return None
