"""DuckDB, as the data layer uses it: in memory, within bounds, in UTC."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

MEMORY_LIMIT = "512MB"
"""What DuckDB may hold; more than that spills to the staging folder."""

_WIDE = 500  # from here on a thread's share of a row group is worth tens of megabytes


def connect(temp: Path, *, columns: int = 1) -> duckdb.DuckDBPyConnection:
    """Return a connection that spills to `temp`; with very many columns it works on one thread."""
    threads = 1 if columns > _WIDE else max(2, min(os.cpu_count() or 2, 8))
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": MEMORY_LIMIT if columns <= _WIDE else "3GB",
            "temp_directory": str(temp),
            "threads": str(threads),
            "python_enable_replacements": "false",
        },
    )
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def stream(connection: duckdb.DuckDBPyConnection, sql: str, rows: int) -> Iterator[Any]:
    """Yield the answer in Arrow record batches of at most about `rows` rows, in order."""
    yield from connection.sql(sql).to_arrow_reader(rows)


def quoted(text: str) -> str:
    """Return `text` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def path_literal(path: Path) -> str:
    """Return a path as an SQL string literal in which `*`, `?` and `[` stand for themselves."""
    return quoted(re.sub(r"([*?\[])", r"[\1]", str(path)))


def first_row(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    """Return the one row of an aggregate query."""
    return tuple(connection.sql(sql).fetchall()[0])
