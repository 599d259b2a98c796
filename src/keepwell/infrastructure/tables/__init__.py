"""Versioned tables in Delta Lake, and SQL over anything that is Arrow.

    tables = open_tables(".keepwell/tables")
    tables.write("predictions", batch, once=("worker-0", position))
    query("select version, count(*) from p group by 1", {"p": tables.dataset("predictions")})

deltalake and DuckDB are loaded when they are first used.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from keepwell.infrastructure.tables.store import DeltaTableStore

__all__ = ["open_tables", "query"]


def open_tables(url: str) -> "DeltaTableStore":
    """Return the tables under a path or an object store's URL; nothing is made before a write."""
    from keepwell.infrastructure.tables.store import DeltaTableStore

    return DeltaTableStore(url)


def query(
    sql: str,
    tables: "Mapping[str, Any]",
    *,
    most: int | None = None,
    seconds: float | None = None,
    memory: int | None = None,
) -> "pa.Table":
    """Return the answer of DuckDB to `sql` over Arrow tables and datasets, each under its name.

    The statement sees those tables and nothing else: no file, no network, no Python variable.

    Args:
        sql: One statement.
        tables: What it may ask.
        most: Rows of the answer that are wanted at most; all if None.
        seconds: After how long it is broken off; never if None.
        memory: Bytes that it may take; what the machine has if None.

    Raises:
        UsageError: If the SQL is wrong (the database's own words say where), or takes too long.
    """
    from keepwell.infrastructure.tables.queries import answer

    return answer(sql, tables, most=most, seconds=seconds, memory=memory)
