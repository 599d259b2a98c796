"""Blobs through fsspec: `ROOT/ab/cd/abcd…`, written beside and renamed, checked on every read."""

import hashlib
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from keepwell.core.errors import (
    ConflictError,
    IntegrityError,
    MissingExtraError,
    NotFoundError,
    UsageError,
)
from keepwell.core.suggestions import did_you_mean
from keepwell.infrastructure.blobs.arrivals import Arrivals
from keepwell.infrastructure.blobs.digests import Told, digest_of, unheard
from keepwell.infrastructure.files import storing

if TYPE_CHECKING:
    from keepwell.core.ports import BlobStore

_DIGEST = re.compile(r"[0-9a-f]{64}")
_PIECE = 1 << 20
_IN_MEMORY = 64 << 20


class FsspecBlobStore:
    """Blobs on a disk or in a bucket. Safe to use from many threads and many processes.

    On a disk a blob is written under another name, flushed to the disk and renamed; a bucket shows an
    object only when it is complete. A blob that is there but cut short is written anew.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._files, self._root = _locate(url)
        self._arrivals = (
            Arrivals(Path(self._root)) if isinstance(self._files, LocalFileSystem) else None
        )

    def write(self, data: bytes | Path, told: Told | None = None) -> str:
        """Store bytes, or a file's content, and return its digest (64 hex digits)."""
        with storing(f"the blob store {self.url} refused a write"):
            if self._arrivals is not None:
                return self._arrivals.write(data, self._path, told or unheard)
            return self._send(data, told or unheard)

    def read(self, digest: str) -> bytes:
        """Return the bytes.

        Raises:
            NotFoundError: If they were never written.
            IntegrityError: If what is stored is something else.
        """
        with self.open(digest) as file:
            return file.read()

    def open(self, digest: str, told: Told | None = None) -> BinaryIO:
        """Return a seekable file whose whole content was checked just now.

        Raises:
            NotFoundError: If it was never written.
            IntegrityError: If what is stored is something else.
        """
        if not _DIGEST.fullmatch(digest):
            raise _missing(digest, self.url)
        with storing(f"the blob store {self.url} cannot be read"):
            try:
                file = self._fetch(digest, told or unheard)
            except FileNotFoundError:
                raise _missing(digest, self.url) from None
            # What came from a bucket was heard on its way.
            found = digest_of(file, told or unheard if self._arrivals is not None else unheard)
            file.seek(0)
        if found != digest:
            file.close()
            raise IntegrityError(
                f"the blob {digest[:12]}… is not what was written",
                why=f"its content has the digest {found[:12]}…, in {self._path(digest)}",
                now="restore the file from a backup, or run the step again that made it",
                details={"digest": digest, "found": found},
            )
        return file

    def __contains__(self, digest: str) -> bool:
        return bool(_DIGEST.fullmatch(digest)) and bool(self._files.exists(self._path(digest)))

    def size(self, digest: str) -> int | None:
        """Return how many bytes are there; None for none."""
        if not _DIGEST.fullmatch(digest):
            return None
        with storing(f"the blob store {self.url} cannot be read"):
            try:
                return int(self._files.size(self._path(digest)))
            except FileNotFoundError:
                return None

    def remove(self, digest: str) -> None:
        """Forget the bytes; nothing happens if they are not there."""
        if digest in self:
            with storing(f"the blob store {self.url} refused to remove a blob"):
                try:
                    self._files.rm_file(self._path(digest))
                except FileNotFoundError:
                    return

    def _path(self, digest: str) -> str:
        return f"{self._root}/{digest[:2]}/{digest[2:4]}/{digest}"

    def _fetch(self, digest: str, told: Told) -> BinaryIO:
        path = self._path(digest)
        if self._arrivals is not None:
            return Path(path).open("rb")
        with self._files.open(path, "rb") as remote:
            local = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 (it is returned)
            while piece := remote.read(_PIECE):
                local.write(piece)
                told(len(piece))
        local.seek(0)
        return cast("BinaryIO", local)

    def _send(self, data: bytes | Path, told: Told) -> str:
        before = () if isinstance(data, bytes) else _stamp(data)
        if isinstance(data, bytes):
            digest, size = hashlib.sha256(data).hexdigest(), len(data)
        else:
            with data.open("rb") as file:
                digest, size = digest_of(file), file.tell()
        path = self._path(digest)
        if self._files.exists(path) and self._files.size(path) == size:
            return digest
        if isinstance(data, bytes):
            self._files.pipe_file(path, data)
            return digest
        # The file is read a second time here: what was sent has this digest only if it stayed as it was.
        self._files.put_file(str(data), path, callback=_Hearing(told))
        if _stamp(data) != before:
            self._must_not_lie(digest)
            raise ConflictError(
                f"{data} changed while it was stored",
                why="what was sent to the blob store may not be what its digest was calculated of: "
                "it was read again, and would have been removed if it were not",
                now="wait until nobody writes to the file, then run the same command again",
            )
        return digest

    def _must_not_lie(self, digest: str) -> None:
        """Remove a blob that has another digest; somebody else may have stored the right one."""
        try:
            self.open(digest).close()
        except IntegrityError:
            self.remove(digest)
        except NotFoundError:
            return


class _Hearing(fsspec.Callback):  # type: ignore[misc]
    """Passes on how far an upload is."""

    def __init__(self, told: Told) -> None:
        super().__init__()
        self._told = told

    def relative_update(self, inc: int = 1) -> None:
        """Hear of so many bytes more."""
        super().relative_update(inc)
        self._told(inc)


def _stamp(path: Path) -> tuple[int, ...]:
    """Return what tells that a file was written to, but for one that is gone: nothing."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return ()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _locate(url: str) -> tuple[Any, str]:
    try:
        files, root = fsspec.core.url_to_fs(url)
    except ValueError as error:
        scheme = url.partition("://")[0]
        raise UsageError(
            f"'{url}' is not a place for blobs",
            why=str(error),
            now=did_you_mean(scheme, fsspec.available_protocols())
            or "use a path, file://, memory://, s3://, gs:// or abfs://",
        ) from error
    except ImportError as error:
        raise MissingExtraError(f"the blob store {url}", extra="cloud") from error
    return files, str(root).rstrip("/")


def _missing(digest: str, url: str) -> NotFoundError:
    return NotFoundError(
        f"there is no blob {digest[:12]}…",
        why=f"{url} holds nothing under that digest",
        now="restore it from a backup, or run the step again that made it",
        details={"digest": digest},
    )


if TYPE_CHECKING:
    _: type[BlobStore] = FsspecBlobStore
