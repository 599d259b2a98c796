"""Files that are there whole or not at all, and a disk's refusals in plain words."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from keepwell.core.errors import KeepwellError, StorageError

_NOW = {
    errno.ENOSPC: "free some space on that disk, then run the same command again",
    errno.EDQUOT: "free some of your quota, then run the same command again",
    errno.EROFS: "choose a folder on a disk that can be written to",
    errno.EACCES: "check who owns that folder and what its permissions are",
    errno.EPERM: "check who owns that folder and what its permissions are",
    errno.EMFILE: "raise the limit of open files: `ulimit -n 4096`",
}


def refusal(error: OSError, what: str) -> StorageError:
    """Return the `StorageError` that says what a system call's refusal means for the user."""
    return StorageError(
        what,
        why=(error.strerror or str(error)) + (f": {error.filename}" if error.filename else ""),
        now=_NOW.get(error.errno or 0, "check the disk, then run the same command again"),
        details={"errno": errno.errorcode.get(error.errno or 0, "")},
    )


@contextlib.contextmanager
def storing(what: str) -> Iterator[None]:
    """Turn an `OSError` in this block into a `StorageError` that begins with `what`.

    >>> with storing("the profile of 'churn' was not written"):
    ...     Path("/no/such/folder/x").write_bytes(b"")
    Traceback (most recent call last):
    keepwell.core.errors.StorageError: the profile of 'churn' was not written
    No such file or directory: /no/such/folder/x
    check the disk, then run the same command again
    """
    try:
        yield
    except KeepwellError:
        raise
    except OSError as error:
        raise refusal(error, what) from error


def write_atomic(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replace the content of a file: any reader, at any time, sees the old bytes or the new ones.

    Folders on the way are made. With `durable` the bytes are on the disk when this returns; without
    it they survive the death of the process, but not of the machine.

    Raises:
        StorageError: If the disk is full, read-only or not ours; the old content stays.
    """
    with storing(f"{path} was not written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        came = path.with_name(f".{path.name[:100]}.{os.urandom(6).hex()}")
        with replacing(path, came, durable=durable) as file:
            file.write(data)


@contextlib.contextmanager
def replacing(path: Path, came: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """Open the new file `came`, which takes the place of `path` when the block ends.

    If the block fails, `came` is removed and the old content stays.
    """
    try:
        with came.open("xb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        came.replace(path)
    except BaseException:
        came.unlink(missing_ok=True)
        raise
    if durable:
        settle_folder(path.parent)


def settle_folder(folder: Path) -> None:
    """Put the names in a folder on the disk, so that a rename outlives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def mark_beside(folder: Path, store: str) -> str:
    """Return a word that sets a folder apart from others that use the same store, kept in it.

    Empty where the store is in the folder itself, and nobody else uses it.
    """
    if Path(store).is_relative_to(folder):
        return ""
    path = folder / "mark"
    if not path.exists():
        write_atomic(path, os.urandom(8).hex().encode())
    return path.read_text().strip()
