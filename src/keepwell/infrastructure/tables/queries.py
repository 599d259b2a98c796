"""DuckDB as a calculator over Arrow: in memory, with every door to the outside shut."""

import contextlib
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import pyarrow as pa

from keepwell.core.errors import UsageError

_SHUT: Any = {"enable_external_access": "false", "python_enable_replacements": "false"}


def answer(
    sql: str,
    tables: Mapping[str, Any],
    *,
    most: int | None = None,
    seconds: float | None = None,
    memory: int | None = None,
) -> pa.Table:
    """Return what `sql` says about `tables`; see `keepwell.infrastructure.tables.query`."""
    limits = {} if memory is None else {"memory_limit": f"{memory}B"}
    with duckdb.connect(":memory:", config={**_SHUT, **limits}) as connection:
        connection.execute("SET lock_configuration = true")
        for name, table in tables.items():
            connection.register(name, table)
        try:
            with _broken_off_after(connection, seconds):
                relation: Any = connection.sql(sql)
                if relation is not None:
                    wanted = relation if most is None else relation.limit(most)
                    return wanted.to_arrow_table()
        except duckdb.InterruptException as error:
            raise _refusal(sql, tables, f"it took longer than {seconds:g} s") from error
        except duckdb.Error as error:
            raise _refusal(sql, tables, _words(error)) from error
    raise _refusal(sql, tables, "it asks for nothing; a question begins with SELECT")


@contextlib.contextmanager
def _broken_off_after(connection: Any, seconds: float | None) -> Iterator[None]:
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _words(error: duckdb.Error) -> str:
    """Return the database's words, less its advice to ask one of its own tables."""
    lines = str(error).strip().splitlines()
    return "\n".join(
        line
        for line in lines
        if not line.startswith(('Did you mean "pg_', 'Did you mean "sqlite_'))
    )


def _refusal(sql: str, tables: Mapping[str, Any], why: str) -> UsageError:
    return UsageError(
        "the SQL cannot be answered",
        why=why,
        now=f"tables that can be asked: {', '.join(sorted(tables)) or 'none'}",
        details={"sql": sql},
    )
