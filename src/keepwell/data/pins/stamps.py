"""Digests of files on this disk, remembered: what did not change since is not read again."""

import contextlib
import json
import os
import time
from pathlib import Path

from keepwell.infrastructure.blobs.digests import Told, digest_of, unheard
from keepwell.infrastructure.files import storing, write_atomic

_TICK = 2_000_000_000
"""Nanoseconds in which a file may change twice and show one time: some disks count by two seconds."""


class Stamps:
    """Remembers digests beside size, times of change and place on the disk. Who loses it loses only time.

    Args:
        path: The file that it is kept in.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, list[str | int]] = {}
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(path.read_bytes())
            self._known = found if isinstance(found, dict) else {}
        self._changed = False

    def digest(self, path: Path, told: Told = unheard) -> str:
        """Return a file's digest; `told` hears how far it is, at once where nothing is read."""
        with storing(f"{path} cannot be read"):
            before = path.stat()
            known = self._known.get(str(path))
            if isinstance(known, list) and known[1:] == stamp_of(before):
                told(before.st_size)
                return str(known[0])
            with path.open("rb") as file:
                digest = digest_of(file, told)
            after = path.stat()
        if stamp_of(before) == stamp_of(after):
            self._remember(path, digest, after)
        return digest

    def keep(self) -> None:
        """Write down what was learnt."""
        if self._changed:
            write_atomic(self._path, json.dumps(self._known).encode(), durable=False)
            self._changed = False

    def _remember(self, path: Path, digest: str, status: os.stat_result) -> None:
        if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > _TICK:
            self._known[str(path)] = [digest, *stamp_of(status)]
            self._changed = True


def stamp_at(path: Path) -> list[int]:
    """Return what tells that a file was written to; nothing where there is none."""
    try:
        return stamp_of(path.stat())
    except FileNotFoundError:
        return []


def stamp_of(status: os.stat_result) -> list[int]:
    """Return what a file that is written to does not keep all of: size, times of change, inode."""
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
