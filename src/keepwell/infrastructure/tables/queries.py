"""DuckDB as a calculator over Arrow: in memory, with every door to the outside shut."""

from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa

from keepwell.core.errors import UsageError

_SHUT: Any = {"enable_external_access": "false", "python_enable_replacements": "false"}


def answer(sql: str, tables: Mapping[str, Any]) -> pa.Table:
    """Return what `sql` says about `tables`; see `keepwell.infrastructure.tables.query`."""
    with duckdb.connect(":memory:", config=_SHUT) as connection:
        connection.execute("SET lock_configuration = true")
        for name, table in tables.items():
            connection.register(name, table)
        try:
            relation: Any = connection.sql(sql)  # None for a statement without an answer
            return pa.table({}) if relation is None else relation.to_arrow_table()
        except duckdb.Error as error:
            raise UsageError(
                "the SQL cannot be answered",
                why=str(error).strip(),
                now=f"tables that can be asked: {', '.join(sorted(tables)) or 'none'}",
                details={"sql": sql},
            ) from error
