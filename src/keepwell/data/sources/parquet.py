"""Parquet files: columns that come with types."""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from keepwell.core.errors import InvalidDataError, KeepwellError
from keepwell.core.records.dataset import Finding
from keepwell.data.engine import path_literal
from keepwell.data.fingerprint import vanished
from keepwell.data.sources.content import not_what_it_says, read_head
from keepwell.data.sources.files import Sample

_SAMPLE_ROWS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetFile:
    """A Parquet file, read by DuckDB."""

    path: Path
    names: tuple[str, ...]
    types: tuple[str, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return nothing."""
        return ()

    def relation(self) -> str:
        """Return what SQL selects from."""
        columns = ", ".join(f"c{place}" for place in range(len(self.names)))
        return f"(SELECT * FROM read_parquet({path_literal(self.path)}) AS t({columns}))"

    def sample(self) -> Sample:
        """Return its first rows; only strings are told, since other columns come with their type."""
        columns = ", ".join(
            f"{f'c{place}' if kind == 'VARCHAR' else 'CAST(NULL AS VARCHAR)'} AS c{place}"
            for place, kind in enumerate(self.types)
        )
        with duckdb.connect(":memory:") as connection:
            sql = f"SELECT {columns} FROM {self.relation()} LIMIT {_SAMPLE_ROWS}"
            table = connection.sql(sql).to_arrow_table()
        rows = pq.read_metadata(self.path).num_rows
        return Sample(table=table, complete=rows <= _SAMPLE_ROWS, expected=rows)

    def explain(self, error: Exception) -> KeepwellError | None:
        """Return what an error that came up while reading it means; None if it is not about it."""
        if not self.path.exists():
            return vanished(self.path)
        if isinstance(error, duckdb.Error | OSError):
            return _broken(self.path, error)
        return None

    def line_of(self, row: int) -> int | None:
        """Return None: Parquet has no lines."""


def open_parquet(path: Path) -> ParquetFile:
    """Return a Parquet file, its schema read.

    Raises:
        InvalidDataError: If it is no Parquet file, is cut short, or names a column twice.
    """
    head = read_head(path, 64)
    if not head.startswith(b"PAR1"):
        raise not_what_it_says(path, head)
    try:
        schema = pq.read_schema(path)
        names = tuple(schema.names)
        with duckdb.connect(":memory:") as connection:
            relation = connection.sql(f"FROM read_parquet({path_literal(path)})")
            told = [str(item) for item in relation.types]
    except FileNotFoundError:
        raise vanished(path) from None
    except (pa.ArrowException, duckdb.Error, OSError) as error:
        raise _broken(path, error) from error
    types = tuple(  # DuckDB 1.5 calls a column without any type an integer
        '"NULL"' if pa.types.is_null(field.type) else kind
        for field, kind in zip(schema, told, strict=True)
    )
    if not names:
        raise InvalidDataError(f"{path} has no columns", now="export it again")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidDataError(
            f"{path} has more than one column called '{twice[0]}'",
            why="each column needs a name of its own",
            now="rename them where the file is written",
            details={"names": twice},
        )
    return ParquetFile(path=path, names=names, types=types)


def _broken(path: Path, error: Exception) -> InvalidDataError:
    return InvalidDataError(
        f"{path} is a damaged Parquet file",
        why=str(error).strip().splitlines()[0],
        now="write or copy it again: it may have been cut short on the way",
    )
