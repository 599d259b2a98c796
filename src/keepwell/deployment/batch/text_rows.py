"""Rows of text files (and of columns that must be read as another type), by DuckDB."""

import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from keepwell.core.errors import InvalidDataError
from keepwell.core.records import ColumnType, Signature
from keepwell.data.engine import connect, stream
from keepwell.data.inference import ColumnPlan, Fixed, plan_columns, refit
from keepwell.data.sources import Source
from keepwell.data.sources.content import compression_of
from keepwell.deployment.batch.rows import Rows, Stamps, recut

if TYPE_CHECKING:
    from keepwell.data.sources import DataFile

_SHOWN = 3
_HEAD = 1 << 20


class TextRows:
    """Rows of files whose values are read as what the model takes, by DuckDB.

    Args:
        source: The files.
        signature: Of the model that reads them.
        location: As the user wrote it.
        stamps: Tells the state of the source.
    """

    def __init__(
        self,
        source: Source,
        signature: Signature,
        location: str,
        stamps: Callable[[], Stamps],
    ) -> None:
        self.location = location
        self.names = source.names
        self.stamps = stamps
        self._source = source
        self._signature = signature

    @property
    def expected(self) -> int | None:
        """Return about how many rows there are, judged by the first lines of each file."""
        guesses = [_rows_in(file) for file in self._source.files]
        return None if None in guesses else sum(guess or 0 for guess in guesses)

    def pieces(self, rows: int, skip: frozenset[int] = frozenset()) -> Generator[Rows, None, None]:
        """Yield pieces; what is skipped is parsed all the same, to know where it ends."""
        source = self._source
        with (
            tempfile.TemporaryDirectory(prefix="keepwell-predict-") as spill,
            connect(Path(spill), columns=len(source.names)) as connection,
        ):
            connection.execute("SET enable_progress_bar = false")  # it would print into the answer
            fixed = _fixed(source, self._signature)
            plans = plan_columns(connection, source, source.sample(), fixed)
            inputs = self._signature.input
            wanted = {plan.name: plan for plan in plans if inputs(plan.name) is not None}
            batches = self._batches(connection, wanted, rows)
            for at, table in enumerate(recut(batches, rows)):
                if at not in skip:
                    yield _rows(table, at * rows, source, wanted)

    def _batches(
        self, connection: duckdb.DuckDBPyConnection, wanted: dict[str, ColumnPlan], rows: int
    ) -> Iterator[pa.RecordBatch]:
        source = self._source
        for file in source.files:
            try:
                yield from stream(connection, _select(file, source, wanted), rows)
            except (duckdb.Error, pa.ArrowException) as error:
                plans = list(wanted.values())
                raise _meaning_of(error, connection, source, plans, file) from error


def _rows_in(file: "DataFile") -> int | None:
    """Return about how many rows a file has; None if it is compressed."""
    if compression_of(file.path) != "none":
        return None
    if file.types:
        return file.sample().expected
    size = file.path.stat().st_size
    with file.path.open("rb") as plain:
        head = plain.read(_HEAD)
    lines = head.count(b"\n")
    return int(lines * size / len(head)) if lines else 1


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


def _rows(table: pa.Table, start: int, source: Source, wanted: dict[str, ColumnPlan]) -> Rows:
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
