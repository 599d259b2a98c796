"""A file of rows as one table in memory, typed as an ingest would type it: for rows that are few."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from keepwell.core.errors import InvalidDataError
from keepwell.data.engine import connect, stream
from keepwell.data.inference import ColumnPlan, plan_columns, refit
from keepwell.data.sources import Source, open_source

if TYPE_CHECKING:
    from keepwell.data.sources import DataFile

_AT_ONCE = 65_536


def read_table(location: str, root: Path) -> pa.Table:
    """Return every row of a source.

    Raises:
        NotFoundError: If nothing is there.
        InvalidDataError: If it cannot be read, or has no rows.
    """
    source = open_source(location, root)
    with (
        tempfile.TemporaryDirectory(prefix="keepwell-read-") as spill,
        connect(Path(spill), columns=len(source.names)) as connection,
    ):
        connection.execute("SET enable_progress_bar = false")  # it would print into the answer
        plans = plan_columns(connection, source, source.sample(), {})
        try:
            table = _read(connection, source, plans)
        except duckdb.Error:  # a value deep in the file is unlike the first ones
            plans, _ = refit(connection, source, plans)
            try:
                table = _read(connection, source, plans)
            except duckdb.Error as error:
                raise _unreadable(source, error) from error
    if not table.num_rows:
        raise InvalidDataError(
            f"{source.location} has no rows", now="give rows that the model can be measured on"
        )
    return table


def _read(connection: Any, source: Source, plans: list[ColumnPlan]) -> pa.Table:
    pieces = [
        pa.Table.from_batches([batch])
        for file in source.files
        for batch in stream(connection, _select(file, plans), _AT_ONCE)
    ]
    if not pieces:
        return pa.table({plan.name: pa.nulls(0) for plan in plans})
    return pa.concat_tables(pieces).rename_columns([plan.name for plan in plans])


def _select(file: "DataFile", plans: list[ColumnPlan]) -> str:
    places = {name: f"c{place}" for place, name in enumerate(file.names)}
    columns = ", ".join(
        f"{plan.reading_in(file).value_of(places[plan.name])} AS t{at}"
        for at, plan in enumerate(plans)
    )
    return f"SELECT {columns} FROM {file.relation()}"


def _unreadable(source: Source, error: duckdb.Error) -> InvalidDataError:
    file = source.files[0]
    meant = file.explain(error)
    return (
        meant
        if isinstance(meant, InvalidDataError)
        else InvalidDataError(
            f"{source.location} cannot be read", why=str(error).strip().splitlines()[0]
        )
    )
