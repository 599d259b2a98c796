"""A source's rows, streamed through types into staged chunks: read once, bounded in memory.

One thread lets DuckDB read and type the rows; the other digests, sums up and stages them.
"""

import contextlib
import errno
import os
import queue
import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from keepwell.core.errors import InvalidDataError, KeepwellError
from keepwell.core.progress import Progress
from keepwell.data.chunks import ARROW, chunk_rows, cut_chunks, digest
from keepwell.data.engine import stream
from keepwell.data.inference import ColumnPlan
from keepwell.data.inference.readings import MISFIT
from keepwell.data.profiles import Profiler
from keepwell.data.sources import DataFile, Source
from keepwell.data.staging import Staging
from keepwell.infrastructure.files import refusal

_MISFITS = (MISFIT, "Conversion Error", "Out of Range Error")
_AHEAD = 2  # batches read before they are asked for


class MisfitError(Exception):
    """A value does not fit its column's reading; the source must be read again, differently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What streaming a source left behind.

    Attributes:
        rows: How many there were.
        rows_by_file: The same for each file, in order.
        chunks: The digest of each chunk.
        profiler: What was seen.
    """

    rows: int
    rows_by_file: tuple[int, ...]
    chunks: tuple[str, ...]
    profiler: Profiler


def staged_schema(plans: Sequence[ColumnPlan]) -> Any:
    """Return the Arrow schema that rows have in staging: columns by position."""
    return pa.schema(
        [(f"c{place}", ARROW[plan.reading.storage]) for place, plan in enumerate(plans)]
    )


def load(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    plans: Sequence[ColumnPlan],
    staging: Staging,
    progress: Progress,
    expected: int | None = None,
) -> Loaded:
    """Stream every row of a source into staged chunks.

    Raises:
        MisfitError: If a value does not fit its plan.
        InvalidDataError: If a file cannot be read; the line is named where there is one.
        StorageError: If the disk is full.
    """
    schema = staged_schema(plans)
    profiler = Profiler([plan.reading.storage for plan in plans])
    counts = [0] * len(source.files)
    names = [plan.name for plan in plans]
    digests: list[str] = []
    rows = 0
    with contextlib.closing(_read(connection, source, plans, counts)) as batches:
        for batch in cut_chunks(batches, schema):
            digests.append(digest(batch, names))
            profiler.add(batch)
            staging.add(batch)
            rows += batch.num_rows
            fraction = min(0.99, rows / expected) if expected else None
            progress.update(f"reading {source.location}: {rows:,} rows", fraction)
    return Loaded(rows=rows, rows_by_file=tuple(counts), chunks=tuple(digests), profiler=profiler)


def _read(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    plans: Sequence[ColumnPlan],
    counts: list[int],
) -> Generator[Any, None, None]:
    """Yield typed batches, read ahead by another thread."""
    waiting: queue.Queue[Any] = queue.Queue(maxsize=_AHEAD)
    stopped = threading.Event()

    def put(item: Any) -> bool:
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                waiting.put(item, timeout=0.1)
                return True
        return False

    def read() -> None:
        for number, file in enumerate(source.files):
            try:
                for batch in stream(connection, _typed_rows(file, plans), chunk_rows(len(plans))):
                    counts[number] += batch.num_rows
                    if not put(batch):
                        return
            except Exception as error:  # noqa: BLE001 (it is raised again, on the other side)
                put(_meaning_of(error, file))
                return
        put(None)

    reader = threading.Thread(target=read, name="keepwell-reader", daemon=True)
    reader.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        stopped.set()
        connection.interrupt()
        reader.join()


def _typed_rows(file: DataFile, plans: Sequence[ColumnPlan]) -> str:
    places = {name: place for place, name in enumerate(file.names)}
    columns = ", ".join(
        f"{plan.reading_in(file).value_of(f'c{places[plan.name]}')} AS t{place}"
        for place, plan in enumerate(plans)
    )
    return f"SELECT {columns} FROM {file.relation()}"


def _meaning_of(error: Exception, file: DataFile) -> Exception:
    """Return what a reader's error is about: a value, the file, the machine, or a defect of ours."""
    text = str(error)
    if isinstance(error, KeepwellError):
        return error
    if any(words in text for words in _MISFITS):
        meant: Exception = MisfitError(text)
    elif "Out of Memory" in text:
        meant = InvalidDataError(
            f"{file.path} needs more memory than the reader may use",
            why=text.splitlines()[0],
            now="split it into several files with fewer columns",
        )
    elif "No space left" in text:
        meant = refusal(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "the rows were not read")
    else:
        meant = file.explain(error) or error
    if meant is not error:
        meant.__cause__ = error
    return meant
