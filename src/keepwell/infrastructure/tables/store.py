"""Tables in Delta Lake: one folder each, versions by its transaction log."""

import os
import random
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from keepwell.core.errors import NotFoundError, UnavailableError
from keepwell.infrastructure.tables.addresses import Addresses
from keepwell.infrastructure.tables.extents import Extent, extents
from keepwell.infrastructure.tables.fitting import check
from keepwell.infrastructure.tables.maintenance import Maintenance, tidy
from keepwell.infrastructure.tables.refusals import refusals

if TYPE_CHECKING:
    from keepwell.core.ports import TableStore

_MODES = ("append", "overwrite")
_write: Any = (
    write_deltalake  # its overloads are told apart by literals, which our callers may choose
)
_PATIENCE = 60.0  # seconds of losing the race for the next version


class DeltaTableStore:
    """Delta tables under one root. Safe to use from many threads and many processes.

    Names are paths of simple segments: `predictions`, `datasets/churn`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._addresses = Addresses(url)

    def write(
        self,
        table: str,
        data: pa.Table | pa.RecordBatchReader,
        *,
        mode: str = "append",
        where: str | None = None,
        once: tuple[str, int] | None = None,
        partition_by: Sequence[str] = (),
        widen: bool = False,
    ) -> int:
        """Append or overwrite (`where`: only the rows that match) and return the new version.

        `widen` lets an append bring columns that the table has not; its earlier rows have null there.
        Overwriting all rows may change the columns. A table that is not there is made, even by a write
        without rows. If `once` was applied before, nothing is written and the present version is
        returned. A reader is streamed; as it can be read only once, a write from it is not tried again
        when others changed the same rows.

        Raises:
            ConflictError: If others changed the same rows meanwhile, and again at every new try.
            InvalidDataError: If the rows do not have the table's columns and types.
            StorageError: If the disk or bucket refused; the table is as it was.
        """
        if mode not in _MODES or (where is not None and mode != "overwrite"):
            raise ValueError(f"mode is one of {_MODES}, where goes with overwrite; got {mode!r}")
        schema_mode = "merge" if widen and mode == "append" else None
        self._addresses.prepare(table)
        end = time.monotonic() + (_PATIENCE if isinstance(data, pa.Table) else 0.0)
        with refusals(table):
            while True:
                try:
                    return self._attempt(table, data, mode, where, once, partition_by, schema_mode)
                except (CommitFailedError, _AlreadyMadeError):
                    if time.monotonic() >= end:
                        raise
                    time.sleep(random.uniform(0.005, 0.05))  # noqa: S311 (spreads the competitors)

    def read(
        self,
        table: str,
        *,
        version: int | None = None,
        columns: Sequence[str] | None = None,
        where: Any = None,
    ) -> pa.Table:
        """Return rows; `where` is a pyarrow compute expression, pushed down to files and row groups.

        Raises:
            NotFoundError: If there is no such table or version.
        """
        chosen = None if columns is None else list(columns)
        with refusals(table):
            return self.dataset(table, version=version).to_table(columns=chosen, filter=where)

    def dataset(self, table: str, *, version: int | None = None) -> Any:
        """Return a `pyarrow.dataset.Dataset` for scanning out of core.

        Raises:
            NotFoundError: If there is no such table or version.
        """
        with refusals(table):
            newest = self._existing(table)
            if version is None:
                return newest.to_pyarrow_dataset()
            if not 0 <= version <= newest.version():
                raise NotFoundError(
                    f"the table '{table}' has no version {version}",
                    why=f"its versions go from 0 to {newest.version()}",
                )
            return DeltaTable(self._addresses.of(table), version=version).to_pyarrow_dataset()

    def version(self, table: str) -> int | None:
        """Return the newest version; None if there is no such table."""
        opened = self._open(table)
        return None if opened is None else int(opened.version())

    def written(self, table: str, writer: str) -> int:
        """Return the highest number that `writer` has applied by `once`; -1 if none."""
        opened = self._open(table)
        return -1 if opened is None else _applied(opened, writer)

    def maintain(
        self, table: str, keep_days: float = 7.0, keep_versions: Sequence[int] = ()
    ) -> Maintenance:
        """Merge small files, and delete files that only older versions than `keep_days` need.

        Rows, and what `once` has applied, stay. Versions older than that can no longer be read, except
        `keep_versions`: pass every version that a record names.

        Raises:
            NotFoundError: If there is no such table.
            ConflictError: If others replaced rows meanwhile; the next time will do.
        """
        with refusals(table):
            return tidy(self._existing(table), keep_days, keep_versions)

    def extents(self, table: str, column: str) -> "list[Extent]":
        """Return bytes, rows and times of each file of a table, without reading any.

        Raises:
            NotFoundError: If there is no such table.
        """
        with refusals(table):
            return extents(self._existing(table), column)

    def _existing(self, table: str) -> DeltaTable:
        opened = self._open(table)
        if opened is None:
            raise NotFoundError(f"there is no table '{table}'", why=f"none is at {self.url}")
        return opened

    def _open(self, table: str) -> DeltaTable | None:
        _Runtime.hold()
        try:
            return DeltaTable(self._addresses.of(table))
        except TableNotFoundError:
            return None

    def _attempt(
        self,
        table: str,
        data: pa.Table | pa.RecordBatchReader,
        mode: str,
        where: str | None,
        once: tuple[str, int] | None,
        partition_by: Sequence[str],
        schema_mode: str | None,
    ) -> int:
        current = self._open(table)
        if once and current is None:
            current = self._make(table, data.schema, partition_by)
        if once and current is not None and _applied(current, once[0]) >= once[1]:
            return int(current.version())
        whole = mode == "overwrite" and where is None
        if current is not None and not whole:
            known = pa.schema(current.schema().to_arrow())
            check(table, known, data.schema, widen=schema_mode == "merge")
        try:
            _write(
                current if current is not None else self._addresses.of(table),
                data,
                mode=mode,
                predicate=where if current is not None else None,
                schema_mode="overwrite" if whole else schema_mode,
                partition_by=list(partition_by) or None,
                commit_properties=_commit(once),
            )
        except DeltaError as error:
            if current is None and "already exists" in str(error):
                raise _AlreadyMadeError from error
            raise
        written = current if current is not None else DeltaTable(self._addresses.of(table))
        return int(written.version())

    def _make(self, table: str, schema: pa.Schema, partition_by: Sequence[str]) -> DeltaTable:
        """Return the table, made empty if nobody else was first.

        An append to a table that is not there yet makes it or joins it, whichever is possible at that
        moment: a twin's rows could come in unseen between the look and the write.
        """
        try:
            _write(
                self._addresses.of(table),
                schema.empty_table(),
                mode="error",
                partition_by=list(partition_by) or None,
            )
        except (DeltaError, FileExistsError) as error:
            if "exist" not in str(error):
                raise
        return DeltaTable(self._addresses.of(table))


class _Runtime:
    """Delta's runtime lives in the process that used it first; in the child of a fork it would panic."""

    owner = 0

    @classmethod
    def hold(cls) -> None:
        """Refuse the child of a fork in words."""
        cls.owner = cls.owner or os.getpid()
        if cls.owner != os.getpid():
            raise UnavailableError(
                "tables cannot be used in this process",
                why=f"it was forked from process {cls.owner}, which used tables before",
                now="start it by multiprocessing's 'spawn' or 'forkserver' method",
            )


class _AlreadyMadeError(DeltaError):
    """Another process made the table first."""


def _applied(table: DeltaTable, writer: str) -> int:
    number = table.transaction_version(writer)
    return -1 if number is None else int(number)


def _commit(once: tuple[str, int] | None) -> CommitProperties:
    if once is None:
        return CommitProperties(max_commit_retries=50)
    return CommitProperties(
        app_transactions=[Transaction(app_id=once[0], version=once[1])], max_commit_retries=50
    )


if TYPE_CHECKING:
    _: type[TableStore] = DeltaTableStore
