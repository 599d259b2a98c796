"""How a blob comes onto a disk: beside its place, then renamed into it."""

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from keepwell.infrastructure.blobs.digests import Told, unheard
from keepwell.infrastructure.files import settle_folder, storing

_PIECE = 1 << 20
_FORGOTTEN = 86400.0  # seconds after which an unfinished arrival is a killed process's


class Arrivals:
    """The folder `ROOT/arriving`, where blobs are written before they have their name."""

    def __init__(self, root: Path) -> None:
        self._folder = root / "arriving"
        with storing(f"the blob store {root} cannot be opened"):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._sweep()

    def write(self, data: bytes | Path, place: Callable[[str], str], told: Told = unheard) -> str:
        """Write bytes, or a file's content in one pass, to the place of their digest."""
        if isinstance(data, bytes):
            digest = hashlib.sha256(data).hexdigest()
            if _holds(Path(place(digest)), len(data)):
                return digest
        temporary = self._folder / os.urandom(12).hex()
        try:
            with temporary.open("xb") as file:
                digest = _copy(data, file, told)
                target = Path(place(digest))
                if _holds(target, file.tell()):
                    temporary.unlink()
                    return digest
                file.flush()
                os.fsync(file.fileno())
            new = not target.parent.exists()
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary.replace(target)
            for folder in target.parents[: 3 if new else 1]:
                settle_folder(folder)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return digest

    def _sweep(self) -> None:
        limit = time.time() - _FORGOTTEN
        for path in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < limit:
                    path.unlink()


def _holds(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def _copy(data: bytes | Path, file: BinaryIO, told: Told) -> str:
    digest = hashlib.sha256()
    for piece in _pieces(data):
        digest.update(piece)
        file.write(piece)
        told(len(piece))
    return digest.hexdigest()


def _pieces(data: bytes | Path) -> Iterator[bytes]:
    if isinstance(data, bytes):
        yield data
        return
    with data.open("rb") as source:
        while piece := source.read(_PIECE):
            yield piece
