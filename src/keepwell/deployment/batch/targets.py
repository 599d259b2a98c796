"""Where answers go: a file, a folder, a Delta table, here or in a bucket. Each appears when it is whole."""

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from keepwell.core.errors import StorageError, UsageError
from keepwell.deployment.batch.formats import Format, format_of, unnamed
from keepwell.infrastructure.files import settle_folder, storing, write_atomic

MANIFEST = "_manifest.json"  # names with an underscore are no data to readers of folders
_PARQUET = Format(kind="parquet")


class Target(Protocol):
    """Where the rows of one job go.

    Law: until `publish` returns nobody sees a part of them; publishing the same job twice is publishing it
    once.
    """

    @property
    def location(self) -> str:
        """Return it as the user wrote it."""
        ...

    @property
    def format(self) -> Format:
        """Return how parts are written."""
        ...

    @property
    def work(self) -> Path:
        """Return the folder for unfinished work."""
        ...

    def exists(self) -> bool:
        """Tell whether something is there that the answers would replace."""
        ...

    def publish(self, parts: Sequence[Path], manifest: dict[str, Any], *, overwrite: bool) -> None:
        """Make the output appear."""
        ...


def open_target(location: str, root: Path, works: Path) -> Target:
    """Return the target that a location means.

    Args:
        location: `scored.csv`, `scored/`, `scored.delta`, `s3://bucket/scored.parquet` and so on.
        root: What a relative location starts from.
        works: Folder for the unfinished work of outputs that lie elsewhere.

    Raises:
        UsageError: If its name says no format.
    """
    from keepwell.deployment.batch.rows import is_delta
    from keepwell.infrastructure.remote import is_remote

    remote = is_remote(location)
    if "://" in location and not remote and not location.startswith("file://"):
        raise UsageError(
            f"'{location}' cannot be written",
            why="answers go to files, folders, Delta tables and s3://",
            now="write for example -o scored.parquet",
        )
    key = hashlib.sha256(location.encode()).hexdigest()[:16]
    if remote:
        work = works / key
        address = location
    else:
        path = root / Path(location.removeprefix("file://")).expanduser()
        work = path.parent / f".{path.name}.keepwell"
        address = str(path)
    if location.rstrip("/").endswith(".delta") or is_delta(location, root):
        return DeltaTarget(location=location, address=address, work=work, format=_PARQUET)
    is_folder = location.endswith(("/", os.sep)) or (not remote and Path(address).is_dir())
    named = format_of(location.rstrip("/"))
    if named is None and not is_folder:
        raise unnamed(location)
    chosen = named or _PARQUET
    if remote:
        return BucketTarget(location=location, folder=is_folder, work=work, format=chosen)
    kind = FolderTarget if is_folder else FileTarget
    return kind(location=location, path=Path(address), work=work, format=chosen)


@dataclass(frozen=True, kw_only=True)
class FileTarget:
    """One file."""

    location: str
    path: Path
    work: Path
    format: Format

    def exists(self) -> bool:
        """Tell whether the file is there."""
        return self.path.exists()

    def publish(self, parts: Sequence[Path], manifest: dict[str, Any], *, overwrite: bool) -> None:
        """Join the parts, and give the file its name."""
        joined = self.work / "joined"
        if len(parts) == 1:
            joined.unlink(missing_ok=True)
            os.link(parts[0], joined)
        else:
            self.format.join(parts, joined)
        joined.replace(self.path)
        settle_folder(self.path.parent)


@dataclass(frozen=True, kw_only=True)
class FolderTarget:
    """A folder of parts with a manifest."""

    location: str
    path: Path
    work: Path
    format: Format

    def exists(self) -> bool:
        """Tell whether there is anything in the folder."""
        return self.path.is_file() or (self.path.is_dir() and any(self.path.iterdir()))

    def publish(self, parts: Sequence[Path], manifest: dict[str, Any], *, overwrite: bool) -> None:
        """Put a whole folder in the place of what is there."""
        whole, old = self.work / "whole", self.work / "old"
        for folder in (whole, old):
            shutil.rmtree(folder, ignore_errors=True)
        whole.mkdir()
        for part in parts:
            os.link(part, whole / f"part-{part.name}")
        write_atomic(whole / MANIFEST, json.dumps(manifest, indent=2).encode())
        if self.path.exists():
            self.path.rename(old)
        whole.rename(self.path)
        settle_folder(self.path.parent)


@dataclass(frozen=True, kw_only=True)
class BucketTarget:
    """An object, or objects with a manifest that comes last, in a bucket."""

    location: str
    folder: bool
    work: Path
    format: Format

    def exists(self) -> bool:
        """Tell whether something is there."""
        from keepwell.infrastructure.remote import Bucket

        return bool(Bucket(self.location).kind())

    def publish(self, parts: Sequence[Path], manifest: dict[str, Any], *, overwrite: bool) -> None:
        """Send the parts, or what they make together."""
        from keepwell.infrastructure.remote import Bucket, reaching

        bucket = Bucket(self.location)
        if not self.folder:
            joined = self.work / "joined"
            self.format.join(parts, joined)
            bucket.store(joined, bucket.path)
            return
        if overwrite:
            with reaching(self.location):
                bucket.files.delete_dir_contents(bucket.path, missing_dir_ok=True)
        for part in parts:
            bucket.store(part, f"{bucket.path}/part-{part.name}")
        told = self.work / MANIFEST
        write_atomic(told, json.dumps(manifest, indent=2).encode())
        bucket.store(told, f"{bucket.path}/{MANIFEST}")


@dataclass(frozen=True, kw_only=True)
class DeltaTarget:
    """A Delta table, here or in a bucket: rows are appended in one commit."""

    location: str
    address: str
    work: Path
    format: Format

    def exists(self) -> bool:
        """Return False: a table takes more rows."""
        return False

    def publish(self, parts: Sequence[Path], manifest: dict[str, Any], *, overwrite: bool) -> None:
        """Commit all rows at once, unless this job's are there already."""
        import pyarrow as pa
        import pyarrow.parquet as pq
        from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
        from deltalake.exceptions import DeltaError, TableNotFoundError

        from keepwell.infrastructure.remote import is_remote, storage_options

        options = storage_options() if is_remote(self.address) else None
        job = f"keepwell-{manifest['id']}"
        reader = pa.RecordBatchReader.from_batches(
            pq.read_schema(parts[0]),
            (batch for part in parts for batch in pq.ParquetFile(part).iter_batches()),
        )
        try:
            try:
                table = DeltaTable(self.address, storage_options=options)
                if table.transaction_version(job) is not None:
                    return
            except TableNotFoundError:
                if not is_remote(self.address):
                    Path(self.address).mkdir(parents=True, exist_ok=True)
            write_deltalake(
                self.address,
                reader,
                mode="overwrite" if overwrite else "append",
                schema_mode="overwrite" if overwrite else None,
                storage_options=options,
                commit_properties=CommitProperties(
                    app_transactions=[Transaction(app_id=job, version=0)]
                ),
            )
        except DeltaError as error:
            raise StorageError(
                f"the answers could not be added to the table {self.location}",
                why=str(error).strip().splitlines()[0][:300],
                now="its columns must be those of the answers; or name another table, or --overwrite",
            ) from error


def must_be_free(target: Target, *, overwrite: bool) -> None:
    """Refuse to replace what is there unless that is wanted.

    Raises:
        UsageError: If something is there.
    """
    with storing(f"{target.location} cannot be looked at"):
        if not overwrite and target.exists():
            raise UsageError(
                f"{target.location} is there already",
                why="answers never replace a file by themselves",
                now="name another output, or say --overwrite",
            )
