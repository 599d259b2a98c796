"""Rows of columns that come with types: Parquet files and Delta tables, read by Arrow alone."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from keepwell.core.errors import InvalidDataError, KeepwellError
from keepwell.core.records import Signature
from keepwell.deployment.batch.rows import Rows, Stamps, recut

_OPTIONS = ds.ParquetFragmentScanOptions(
    pre_buffer=False,  # it would keep all bytes of a file until its last row group is read
    use_buffered_stream=True,
    buffer_size=1 << 20,
)


@dataclass(frozen=True, kw_only=True)
class Fragments:
    """Files in the order of their rows, seen through one schema."""

    schema: pa.Schema
    parts: Sequence[Any]

    @cached_property
    def counts(self) -> list[int]:
        """How many rows each has; their footers are read."""
        return [part.count_rows() for part in self.parts]


class ArrowRows:
    """Rows of typed columns.

    Args:
        location: As the user wrote it.
        signature: Of the model that reads them.
        fragments: The files.
        stamps: Tells the state of the source.
    """

    def __init__(
        self,
        location: str,
        signature: Signature,
        fragments: Fragments,
        stamps: Callable[[], Stamps],
    ) -> None:
        self.location = location
        self.names = tuple(fragments.schema.names)
        self.stamps = stamps
        self._wanted = [item.name for item in signature.inputs if item.name in self.names]
        self._fragments = fragments

    @property
    def expected(self) -> int | None:
        """Return the number of rows."""
        with meaning(self.location):
            return sum(self._fragments.counts)

    def pieces(self, rows: int, skip: frozenset[int] = frozenset()) -> Generator[Rows, None, None]:
        """Yield pieces; files that hold nothing but skipped rows are not read."""
        with meaning(self.location):
            first = next(at for at in range(len(skip) + 1) if at not in skip)
            counts, before, whole = self._fragments.counts, 0, 0
            while whole < len(counts) and before + counts[whole] <= first * rows:
                before += counts[whole]
                whole += 1
            ahead = first * rows - before
            tables = recut(_drop(self._batches(whole, rows), ahead), rows)
            for at, table in enumerate(tables, start=first):
                if at not in skip:
                    inputs = table.select(self._wanted)
                    yield Rows(start=at * rows, given=table, inputs=inputs)

    def _batches(self, start: int, rows: int) -> Iterator[Any]:
        for part in self._fragments.parts[start:]:
            # One row group at a time: a scan of a whole file reads on, up to a gibibyte, while we work.
            for group in part.split_by_row_group():
                yield from group.to_batches(
                    schema=self._fragments.schema,
                    batch_size=rows,
                    batch_readahead=1,
                    fragment_readahead=1,
                    fragment_scan_options=_OPTIONS,
                )


def open_parquet(paths: Sequence[str], files: Any) -> Fragments:
    """Return Parquet files as fragments; all are read by the first one's schema."""
    with meaning(paths[0]):
        dataset = ds.dataset(list(paths), format="parquet", filesystem=files)
        by_path = {part.path: part for part in dataset.get_fragments()}
        ordered = [by_path[path] for path in sorted(by_path)]
        return Fragments(schema=dataset.schema, parts=ordered)


def open_delta(location: str, root: Path, signature: Signature) -> ArrowRows:
    """Return the rows of a Delta table as it is now: later commits do not show."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    from keepwell.infrastructure.remote import is_remote, storage_options

    remote = is_remote(location)
    path = location.removeprefix("file://")
    address = location if remote else str((root / Path(path).expanduser()).resolve())
    try:
        table = DeltaTable(address, storage_options=storage_options() if remote else None)
        dataset = table.to_pyarrow_dataset()
    except (DeltaError, OSError) as error:
        raise _unreadable(location, error) from error
    parts = sorted(dataset.get_fragments(), key=lambda part: part.path)
    stamps = {f"{address}@{table.metadata().id}": [int(table.version())]}
    fragments = Fragments(schema=dataset.schema, parts=parts)
    return ArrowRows(location, signature, fragments, lambda: stamps)


class meaning:
    """Says in words what went wrong while a source was read."""

    def __init__(self, location: str) -> None:
        self._location = location

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if isinstance(error, pa.ArrowException | OSError) and not isinstance(error, KeepwellError):
            raise _unreadable(self._location, error) from error


def _unreadable(location: str, error: Exception) -> InvalidDataError:
    return InvalidDataError(
        f"{location} cannot be read",
        why=(str(error).strip().splitlines() or [type(error).__name__])[0][:300],
        now="write or copy it again: it may have been cut short on the way",
    )


def _drop(batches: Iterator[Any], rows: int) -> Iterator[Any]:
    """Leave out the first rows."""
    for batch in batches:
        if rows >= batch.num_rows:
            rows -= batch.num_rows
        else:
            yield batch.slice(rows)
            rows = 0
