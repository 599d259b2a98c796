"""Stores of a simulated past: what is read comes from the workspace, what is written stays apart."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from keepwell.core.ports import BlobStore, TableStore
from keepwell.monitoring.prediction_log.schema import OUTCOMES, PREDICTIONS
from keepwell.operations.simulation.rows import PastLog

if TYPE_CHECKING:
    import pyarrow as pa

THEN = "then/"
"""How the name of a table begins that is the workspace's own."""


class PastBlobs:
    """Blobs of a workspace, and beside them those of a simulation.

    Law: the workspace's store is read and never written.
    """

    def __init__(self, base: BlobStore, own: BlobStore) -> None:
        self._base = base
        self._own = own

    def write(self, data: bytes | Path, told: Callable[[int], None] | None = None) -> str:
        """Store bytes apart and return their digest."""
        return self._own.write(data, told)

    def read(self, digest: str) -> bytes:
        """Return the bytes, from where they are."""
        return self._holder(digest).read(digest)

    def open(self, digest: str, told: Callable[[int], None] | None = None) -> BinaryIO:
        """Return a verified, seekable file."""
        return self._holder(digest).open(digest, told)

    def __contains__(self, digest: str) -> bool:
        """Tell whether the bytes are in either store."""
        return digest in self._own or digest in self._base

    def size(self, digest: str) -> int | None:
        """Return how many bytes are there, from where they are; None for none."""
        return self._holder(digest).size(digest)

    def remove(self, digest: str) -> None:
        """Forget bytes that the simulation wrote."""
        self._own.remove(digest)

    def _holder(self, digest: str) -> BlobStore:
        return self._own if digest in self._own else self._base


class PastTables:
    """Tables of a simulation: the log as it is known, the workspace's datasets, and its own.

    Law: the workspace's tables are read and never written.
    """

    def __init__(self, base: TableStore, own: TableStore, log: PastLog) -> None:
        self._base = base
        self._own = own
        self._log = log

    def write(
        self,
        table: str,
        data: "pa.Table | pa.RecordBatchReader",
        *,
        mode: str = "append",
        where: str | None = None,
        once: tuple[str, int] | None = None,
        partition_by: Sequence[str] = (),
        widen: bool = False,
    ) -> int:
        """Write to a table of the simulation's own."""
        return self._own.write(
            table, data, mode=mode, where=where, once=once, partition_by=partition_by, widen=widen
        )

    def read(
        self,
        table: str,
        *,
        version: int | None = None,
        columns: Sequence[str] | None = None,
        where: Any = None,
    ) -> "pa.Table":
        """Return rows of whichever table it is."""
        chosen = None if columns is None else list(columns)
        return self.dataset(table, version=version).to_table(columns=chosen, filter=where)

    def dataset(self, table: str, *, version: int | None = None) -> Any:
        """Return whichever table it is, for scanning."""
        if table in (PREDICTIONS, OUTCOMES):
            return self._log.dataset(table)
        store, name = self._of(table)
        return store.dataset(name, version=version)

    def version(self, table: str) -> int | None:
        """Return the newest version; None if there is no such table."""
        if table in (PREDICTIONS, OUTCOMES):
            return self._log.version
        store, name = self._of(table)
        return store.version(name)

    def written(self, table: str, writer: str) -> int:
        """Return the highest number that `writer` has applied; -1 if none."""
        store, name = self._of(table)
        return store.written(name, writer)

    def _of(self, table: str) -> tuple[TableStore, str]:
        if table.startswith(THEN):
            return self._base, table.removeprefix(THEN)
        return self._own, table


if TYPE_CHECKING:
    _blobs: type[BlobStore] = PastBlobs
    _tables: type[TableStore] = PastTables
