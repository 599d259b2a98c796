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
            relation: Any = connection.sql(sql)
            if relation is not None:
                return relation.to_arrow_table()
        except duckdb.Error as error:
            raise _refusal(sql, tables, str(error).strip()) from error
    raise _refusal(sql, tables, "it asks for nothing; a question begins with SELECT")


def _refusal(sql: str, tables: Mapping[str, Any], why: str) -> UsageError:
    return UsageError(
        "the SQL cannot be answered",
        why=why,
        now=f"tables that can be asked: {', '.join(sorted(tables)) or 'none'}",
        details={"sql": sql},
    )
