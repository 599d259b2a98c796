"""Where chunks are stored: once each, in one Delta table for each dataset and schema.

A chunk is a partition named by its digest. Nothing is ever overwritten: a version is a list of digests,
so two versions share what they have in common, an old version outlives any tidying of the table, and
chunks that a killed ingest left behind are found again by the next one.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.dataset as pa_dataset

from keepwell.core.errors import IntegrityError
from keepwell.core.ports import TableStore
from keepwell.core.records.dataset import DatasetVersion

CHUNK = "_chunk"
"""The hidden column that holds the digest of a row's chunk."""

_WRITERS = 2


def stored_names(names: Sequence[str]) -> list[str]:
    """Return the names that columns have in the table, which does not tell `Age` from `age`.

    >>> stored_names(["age", "Age", "sex"])
    ['age', 'Age~2', 'sex']
    """
    taken = {CHUNK}
    stored = []
    for name in names:
        number, candidate = 1, name
        while candidate.lower() in taken:
            number += 1
            candidate = f"{name}~{number}"
        taken.add(candidate.lower())
        stored.append(candidate)
    return stored


def table_of(dataset: str, names: Sequence[str], schema: Any) -> str:
    """Return the name of the table for a dataset's rows of one schema."""
    told = "\0".join(f"{name}\0{field.type}" for name, field in zip(names, schema, strict=True))
    return f"datasets/{dataset}/{hashlib.sha256(told.encode()).hexdigest()[:12]}"


class ChunkPool:
    """The stored chunks of all datasets."""

    def __init__(self, tables: TableStore) -> None:
        self._tables = tables

    def store(
        self,
        table: str,
        names: Sequence[str],
        digests: Sequence[str],
        chunk: Callable[[int], Any],
        told: Callable[[int, int], None],
    ) -> int:
        """Store the chunks that are not stored yet, and return the table's version.

        Args:
            table: The table, made if it is not there.
            names: The columns' names.
            digests: Of every chunk, in order.
            chunk: Returns the rows of the chunk with a number.
            told: Is told how many of how many are stored.

        Raises:
            StorageError: If the disk or bucket refused. What was stored until then is used next time.
        """
        known = self.stored(table)
        new = {key: place for place, key in enumerate(digests) if key not in known}
        columns = [*stored_names(names), CHUNK]

        def write(key: str) -> None:
            rows = chunk(new[key])
            rows = rows.append_column(CHUNK, pa.repeat(key, rows.num_rows))
            self._tables.write(table, rows.rename_columns(columns), partition_by=[CHUNK])

        todo = list(new)
        if todo:
            write(todo[0])  # makes the table, if it is the first
        with ThreadPoolExecutor(_WRITERS) as writers:
            for done, _ in enumerate(writers.map(write, todo[1:]), start=2):
                told(done, len(todo))
        version = self._tables.version(table)
        return -1 if version is None else version

    def stored(self, table: str) -> dict[str, list[Any]]:
        """Return the files (as dataset fragments, in order) of each stored chunk."""
        if self._tables.version(table) is None:
            return {}
        found: dict[str, list[Any]] = {}
        for fragment in self._tables.dataset(table).get_fragments():
            key = pa_dataset.get_partition_keys(fragment.partition_expression)[CHUNK]
            found.setdefault(key, []).append(fragment)
        for fragments in found.values():
            fragments.sort(key=lambda fragment: fragment.path)
        return found

    def scan(self, version: DatasetVersion, *, leaving_out: Collection[str] = ()) -> Any:
        """Return a `pyarrow` dataset of a version's rows, in their order; names as stored.

        Chunks whose digest is in `leaving_out` are left out.

        Raises:
            IntegrityError: If a chunk is not there any more.
        """
        table = version.table
        stored = self.stored(table)
        missing = [key for key in version.chunks if key not in stored]
        if missing:
            raise IntegrityError(
                f"{len(missing)} of {len(version.chunks)} chunks of dataset {version.key} are gone",
                why=f"the table '{table}' has no chunk {missing[0][:12]}…",
                now="restore the workspace from a backup, or ingest the source again",
            )
        wanted = [key for key in version.chunks if key not in leaving_out]
        fragments = [fragment for key in wanted for fragment in stored[key]]
        whole = self._tables.dataset(table)
        schema = pa.schema([field for field in whole.schema if field.name != CHUNK])
        return pa_dataset.FileSystemDataset(
            fragments, schema, whole.format, filesystem=whole.filesystem
        )
