"""A source's rows twice over: as they are, and as the model reads them."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from keepwell.core.errors import InvalidDataError
from keepwell.core.records import ColumnType, Signature
from keepwell.core.suggestions import did_you_mean
from keepwell.data.engine import connect, stream
from keepwell.data.inference import ColumnPlan, Fixed, plan_columns, refit
from keepwell.data.sources import Source, open_source

if TYPE_CHECKING:
    from keepwell.data.sources import DataFile

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Some rows of a source.

    Attributes:
        start: Rows before them in the source.
        given: What the source holds, columns under their names.
        inputs: The model's inputs, typed by its signature; those that the source lacks are left out.
    """

    start: int
    given: pa.Table
    inputs: pa.Table


def read_rows(location: str, root: Path, signature: Signature, rows: int) -> Iterator[Rows]:
    """Yield a source's rows in order, so many at a time.

    Raises:
        NotFoundError: If nothing is there.
        InvalidDataError: If it cannot be read, lacks a column that the model must have, or holds
            values that are not of the type that the model takes.
    """
    source = open_source(location, root)
    _must_have_inputs(source, signature)
    with (
        tempfile.TemporaryDirectory(prefix="keepwell-predict-") as spill,
        connect(Path(spill), columns=len(source.names)) as connection,
    ):
        connection.execute("SET enable_progress_bar = false")  # it would print into the answer
        plans = plan_columns(connection, source, source.sample(), _fixed(source, signature))
        wanted = {plan.name: plan for plan in plans if signature.input(plan.name) is not None}
        start = 0
        for file in source.files:
            try:
                for batch in stream(connection, _select(file, source, wanted), rows):
                    found = _rows(batch, start, source, wanted)
                    start += batch.num_rows
                    yield found
            except (duckdb.Error, pa.ArrowException) as error:
                raise _meaning_of(error, connection, source, list(wanted.values()), file) from error


def _must_have_inputs(source: Source, signature: Signature) -> None:
    lacking = [
        item.name for item in signature.inputs if item.required and item.name not in source.names
    ]
    if lacking:
        raise InvalidDataError(
            f"{source.location} has no column '{lacking[0]}', which the model needs",
            why=f"its columns are {', '.join(source.names[:20])}",
            now=did_you_mean(lacking[0], source.names)
            or "add the column: training saw a value in every row",
            details={"missing": lacking},
        )


def _fixed(source: Source, signature: Signature) -> dict[str, Fixed]:
    """Return how each input is to be read; whole numbers may come as any numbers."""
    kinds = {item.name: item.type for item in signature.inputs}
    return {
        name: Fixed(
            type=ColumnType.NUMBER if kinds[name] is ColumnType.INTEGER else kinds[name],
            origin="the model",
        )
        for name in source.names
        if name in kinds
    }


def _select(file: "DataFile", source: Source, wanted: dict[str, ColumnPlan]) -> str:
    places = {name: f"c{place}" for place, name in enumerate(file.names)}
    given = [f"{places[name]} AS g{at}" for at, name in enumerate(source.names)]
    typed = [
        f"{plan.reading_in(file).value_of(places[name])} AS t{at}"
        for at, (name, plan) in enumerate(wanted.items())
    ]
    columns = ", ".join(given + typed)
    return f"SELECT {columns} FROM {file.relation()}"  # noqa: S608 (names by place, values quoted)


def _rows(batch: pa.RecordBatch, start: int, source: Source, wanted: dict[str, ColumnPlan]) -> Rows:
    table = pa.Table.from_batches([batch])
    width = len(source.names)
    return Rows(
        start=start,
        given=table.select(list(range(width))).rename_columns(list(source.names)),
        inputs=table.select(list(range(width, table.num_columns))).rename_columns(list(wanted)),
    )


def _meaning_of(
    error: Exception,
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    plans: list[ColumnPlan],
    file: "DataFile",
) -> Exception:
    """Return what an error means: a file that is broken, or values that the model does not take."""
    meant = file.explain(error)
    if meant is not None:
        return meant
    _, misread = refit(connection, source, plans)
    if not misread:
        return InvalidDataError(
            f"{file.path} cannot be read", why=str(error).strip().splitlines()[0]
        )
    worst = misread[0]
    kind = worst.plan.fixed.type.value if worst.plan.fixed is not None else "value"
    return InvalidDataError(
        f"{worst.count:,} values of '{worst.plan.name}' in {source.location} are no {kind}",
        why="; ".join(map(str, worst.places[:_SHOWN])),
        now=f"the model takes a {kind} for '{worst.plan.name}': mend them, or leave them empty",
        details={"column": worst.plan.name, "count": worst.count},
    )
