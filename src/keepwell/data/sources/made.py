"""A file of rows that are made of something else: written once as Parquet, when they are first asked for."""

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from keepwell.core.errors import KeepwellError
from keepwell.core.records.dataset import Finding
from keepwell.data.engine import path_literal
from keepwell.data.fingerprint import vanished
from keepwell.data.sources.files import Sample

_SAMPLE_ROWS = 2_000
_DUCKDB = {"string": "VARCHAR", "int64": "BIGINT", "double": "DOUBLE", "bool": "BOOLEAN"}


class MadeFile:
    """Rows of pictures, which a file holds in another form.

    Args:
        path: The file.
        schema: Of the rows, as Arrow has it.
        make: Gives the rows, some at a time.
        typed: Whether columns come with types; else all is text.
    """

    def __init__(
        self,
        path: Path,
        schema: pa.Schema,
        make: Callable[[], Iterable[pa.RecordBatch]],
        *,
        typed: bool = True,
    ) -> None:
        self.path = path
        self.names = tuple(schema.names)
        self.types = tuple(_DUCKDB[str(field.type)] for field in schema) if typed else ()
        self._schema, self._make = schema, make

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return nothing."""
        return ()

    @cached_property
    def _parquet(self) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="keepwell-made-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        file = folder / "rows.parquet"
        with pq.ParquetWriter(file, self._schema) as writer:
            for batch in self._make():
                writer.write_batch(batch)
        return file

    def relation(self) -> str:
        """Return what SQL selects from."""
        columns = ", ".join(f"c{place}" for place in range(len(self.names)))
        return f"(SELECT * FROM read_parquet({path_literal(self._parquet)}) AS t({columns}))"

    def sample(self) -> Sample:
        """Return its first rows; only strings are told, since other columns come with their type."""
        return sample_of(self.relation(), self.types, self.names, self._parquet)

    def explain(self, error: Exception) -> KeepwellError | None:
        """Return what an error that came up while reading it means; None if it is not about it."""
        return None if self.path.exists() else vanished(self.path)

    def line_of(self, row: int) -> int | None:
        """Return None: what is made has no lines."""


def sample_of(
    relation: str, types: Sequence[str] | None, names: Sequence[str], parquet: Path
) -> Sample:
    """Return the first rows of a relation: of its strings; other columns come with their type."""
    columns = ", ".join(
        f"{f'c{place}' if kind == 'VARCHAR' else 'CAST(NULL AS VARCHAR)'} AS c{place}"
        for place, kind in enumerate(types or ("VARCHAR",) * len(names))
    )
    with duckdb.connect(":memory:") as connection:
        sql = f"SELECT {columns} FROM {relation} LIMIT {_SAMPLE_ROWS}"
        table = connection.sql(sql).to_arrow_table()
    rows = pq.read_metadata(parquet).num_rows
    return Sample(table=table, complete=rows <= _SAMPLE_ROWS, expected=rows)
