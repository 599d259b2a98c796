"""Datasets: named tables with numbered versions that never change."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from keepwell.core.clock import Clock
from keepwell.core.errors import NotFoundError, UsageError
from keepwell.core.ports import BlobStore, MetadataStore, TableStore
from keepwell.core.progress import Progress, SilentProgress
from keepwell.core.records.dataset import (
    LEARNABLE,
    Column,
    ColumnType,
    DatasetVersion,
    Finding,
    Profile,
)
from keepwell.core.suggestions import did_you_mean
from keepwell.data.appending import draft_appended
from keepwell.data.deriving import Derive
from keepwell.data.differences import DatasetDiff, compare
from keepwell.data.drafts import Draft
from keepwell.data.ingesting import Request, draft_source
from keepwell.data.pieces import Weight, sampled, taken, weighed
from keepwell.data.pool import ChunkPool, stored_names, table_of
from keepwell.data.staging import Staging
from keepwell.infrastructure.codec import from_json, to_json
from keepwell.infrastructure.files import write_atomic
from keepwell.infrastructure.locks import Holder, exclusive
from keepwell.infrastructure.metadata import Collection

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KIND = "dataset_version"


class Datasets:
    """The datasets of a workspace.

    Law: a version is there whole or not at all. The record of it is written last, so whoever is killed
    before leaves nothing that can be seen, and whoever comes next uses what was stored.

    Args:
        metadata: Holds the record of each version.
        blobs: Holds profiles.
        tables: Holds the rows.
        clock: Dates the versions.
        staging: A folder on this machine, for rows until they are known to be good.
    """

    def __init__(
        self,
        metadata: MetadataStore,
        blobs: BlobStore,
        tables: TableStore,
        clock: Clock,
        staging: Path,
    ) -> None:
        self._records = Collection(metadata, KIND, DatasetVersion)
        self._blobs = blobs
        self._clock = clock
        self._pool = ChunkPool(tables)
        self._staging = staging

    def ingest(
        self,
        name: str,
        source: str,
        *,
        root: Path,
        contract: Path | None = None,
        types: Mapping[str, ColumnType] | None = None,
        progress: Progress | None = None,
        derive: Derive | None = None,
    ) -> DatasetVersion:
        """Return the version that holds what a source holds now; the newest, if nothing changed.

        Args:
            name: The dataset.
            source: A path, a folder or a glob.
            root: What a relative source starts from.
            contract: The file that later batches are checked against. Written if it is not there.
            types: Types of columns, where they are not to be inferred.
            progress: Is told how far it is, and who is waited for.
            derive: Calculates columns that are kept beside those of the source.

        Raises:
            NotFoundError: If there is no such source.
            InvalidDataError: If it cannot be read; the line is named where there is one.
            ContractError: If it breaks the contract. Nothing of it was stored.
            StorageError: If the disk is full. Nothing of it can be seen.
        """
        request = Request(
            name=name,
            location=source,
            root=root,
            contract=contract,
            types={column: _type(column, kind) for column, kind in (types or {}).items()},
            progress=progress or SilentProgress(),
            derive=derive,
        )
        started = time.perf_counter()
        with self._alone(name, request.progress), Staging(self._staging, name) as staging:
            previous = self._newest(name)
            draft = draft_source(request, previous, staging)
            version = self._keep(draft, name, source, previous, staging, request.progress, started)
            if draft.written is not None and contract is not None:
                write_atomic(contract, draft.written.encode())
        return version

    def check(
        self,
        name: str,
        source: str,
        *,
        root: Path,
        contract: Path | None = None,
        types: Mapping[str, ColumnType] | None = None,
        progress: Progress | None = None,
    ) -> tuple[int, tuple[Finding, ...]]:
        """Read a source as `ingest` would, and keep nothing of it.

        Returns:
            How many rows it holds, and what is to be said about them.

        Raises:
            KeepwellError: Whatever `ingest` would raise.
        """
        request = Request(
            name=name,
            location=source,
            root=root,
            contract=contract,
            types={column: _type(column, kind) for column, kind in (types or {}).items()},
            progress=progress or SilentProgress(),
        )
        with self._alone(name, request.progress), Staging(self._staging, name) as staging:
            draft = draft_source(request, self._newest(name), staging)
        return draft.rows, draft.findings

    def look(
        self,
        name: str,
        source: str,
        *,
        root: Path,
        types: Mapping[str, ColumnType] | None = None,
    ) -> tuple[Any, tuple[Column, ...]]:
        """Return the rows of a source as an Arrow table, and its columns; nothing of it is kept.

        Args:
            name: What it is called while it is read.
            source: A path, a folder or a glob.
            root: What a relative source starts from.
            types: Types of columns, where they are not to be inferred.

        Raises:
            KeepwellError: Whatever `ingest` would raise.
        """
        request = Request(
            name=name,
            location=source,
            root=root,
            contract=None,
            types={column: _type(column, kind) for column, kind in (types or {}).items()},
            progress=SilentProgress(),
        )
        with self._alone(name, request.progress), Staging(self._staging, name) as staging:
            draft = draft_source(request, None, staging)
            tables = staging.restart()
        names = [column.name for column in draft.columns]
        return pa.concat_tables(tables).rename_columns(names), draft.columns

    def append(
        self,
        name: str,
        rows: Any,
        *,
        origin: str,
        columns: Sequence[Column] = (),
        progress: Progress | None = None,
    ) -> DatasetVersion:
        """Return a version of the previous rows and these; the first one, if there was none.

        Args:
            name: The dataset.
            rows: An Arrow table. Columns that it lacks are taken as missing.
            origin: Where the rows came from, for the reader.
            columns: The schema of a first version; inferred from the rows if it is not given.
            progress: Is told how far it is, and who is waited for.

        Raises:
            InvalidDataError: If a column is unknown, or its values are not of the dataset's type.
        """
        started = time.perf_counter()
        told = progress or SilentProgress()
        with self._alone(name, told), Staging(self._staging, name) as staging:
            previous = self._newest(name)
            before = None if previous is None else self._pool.scan(previous)
            draft = draft_appended(rows, previous, before, columns, staging)
            return self._keep(draft, name, origin, previous, staging, told, started)

    def get(self, name: str, version: int | None = None) -> DatasetVersion:
        """Return a version, the newest unless a number is given.

        Raises:
            NotFoundError: If there is no such dataset or version.
        """
        if version is not None:
            return self._records.read(f"{name}/{version}")
        newest = self._newest(name)
        if newest is None:
            names = self.names()
            raise NotFoundError(
                f"there is no dataset '{name}'",
                why=f"there are: {', '.join(names)}" if names else "nothing was ingested yet",
                now=did_you_mean(name, names) or "keepwell run",
            )
        return newest

    def versions(self, name: str) -> list[DatasetVersion]:
        """Return all versions of a dataset, the newest first; none if there is no such dataset."""
        found = self._records.find(under=f"{name}/")
        return sorted(found, key=lambda item: -item.version)

    def names(self) -> list[str]:
        """Return the names of all datasets, sorted."""
        return sorted({version.name for version in self._records.find()})

    def read(self, version: DatasetVersion, columns: Iterable[str] | None = None) -> Any:
        """Return a version's rows as an Arrow table, in the source's order.

        Raises:
            NotFoundError: If it has no such column.
            IntegrityError: If rows are not there any more.
        """
        wanted, stored = _places(version, columns)
        return self._pool.scan(version).to_table(columns=stored).rename_columns(wanted)

    def take(self, version: DatasetVersion, rows: Any, columns: Iterable[str] | None = None) -> Any:
        """Return the rows at some positions as an Arrow table; the others are never in memory together.

        Raises:
            IndexError: If there is no such row.
            NotFoundError: If it has no such column.
        """
        wanted, stored = _places(version, columns)
        return taken(self._pool.scan(version), stored, rows).rename_columns(wanted)

    def sample(
        self, version: DatasetVersion, share: float, seed: int
    ) -> "tuple[Any, NDArray[np.int64]]":
        """Return a random part of the rows as an Arrow table, in order, and their positions.

        The rest is read in pieces and let go.
        """
        wanted, stored = _places(version, None)
        table, positions = sampled(self._pool.scan(version), stored, share, seed)
        return table.rename_columns(wanted), positions

    def weigh(self, version: DatasetVersion) -> Weight:
        """Return what a row of a version takes in memory."""
        return weighed(self._pool.scan(version), _places(version, None)[1])

    def scan(self, version: DatasetVersion) -> Any:
        """Return a version as a `pyarrow` dataset, to be read in pieces.

        Where two names differ in case alone, the second is called `Age~2`.
        """
        return self._pool.scan(version)

    def profile(self, version: DatasetVersion) -> Profile:
        """Return a version's statistics."""
        return from_json(Profile, self._blobs.read(version.profile))

    def diff(self, name: str, before: int, after: int, *, key: str = "") -> DatasetDiff:
        """Return what changed from one version to another: schema, rows and statistics.

        Args:
            name: The dataset.
            before: The older version.
            after: The newer one.
            key: A column that names a row, so that a changed row is told from one that is new.

        Raises:
            NotFoundError: If there is no such version, or no such key in both.
        """
        old, new = self.get(name, before), self.get(name, after)
        return compare(
            (old, self.profile(old), self._pool),
            (new, self.profile(new), self._pool),
            key=key,
            temp=self._staging,
        )

    def _newest(self, name: str) -> DatasetVersion | None:
        found = self._records.find(under=f"{name}/", limit=1)
        return found[0] if found else None

    def _alone(self, name: str, progress: Progress) -> Any:
        def waiting(holder: Holder) -> None:
            progress.update(f"waiting for {holder}")

        return exclusive(self._staging / f"{name}.lock", f"ingest of {name}", waiting)

    def _keep(
        self,
        draft: Draft,
        name: str,
        source: str,
        previous: DatasetVersion | None,
        staging: Staging,
        progress: Progress,
        started: float,
    ) -> DatasetVersion:
        if previous is not None and previous.digest == draft.digest:
            return previous
        names = [column.name for column in draft.columns]
        table = table_of(name, names, draft.schema)

        def told(done: int, total: int) -> None:
            progress.update(f"storing {name}: {done} of {total} chunks", done / total)

        table_version = self._pool.store(table, names, draft.chunks, staging.chunk, told)
        version = DatasetVersion(
            name=name,
            version=previous.version + 1 if previous else 1,
            rows=draft.rows,
            columns=draft.columns,
            digest=draft.digest,
            source=source,
            table=table,
            table_version=table_version,
            chunks=draft.chunks,
            profile=self._blobs.write(to_json(draft.profile)),
            contract=draft.contract,
            created=self._clock.now(),
            findings=draft.findings,
            given=draft.given,
        )
        version = replace(version, load_seconds=round(time.perf_counter() - started, 3))
        self._records.write(version, "ingested", why=f"from {source}", expected=0)
        return version


def _places(version: DatasetVersion, columns: Iterable[str] | None) -> tuple[list[str], list[str]]:
    """Return the columns that are wanted, and what they are called where they are stored.

    Raises:
        NotFoundError: If there is no such column.
    """
    names = [column.name for column in version.columns]
    wanted = names if columns is None else list(columns)
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise NotFoundError(
            f"dataset {version.key} has no column '{unknown[0]}'",
            why=f"its columns are {', '.join(names[:10])}",
            now=did_you_mean(unknown[0], names),
        )
    stored = dict(zip(names, stored_names(names), strict=True))
    return wanted, [stored[name] for name in wanted]


def _type(column: str, kind: str) -> ColumnType:
    known = [item.value for item in LEARNABLE]
    try:
        return LEARNABLE[known.index(kind)]
    except ValueError:
        raise UsageError(
            f"'{kind}' is no type for the column '{column}'",
            why=f"types are {', '.join(known)}",
            now=did_you_mean(kind, known),
        ) from None
