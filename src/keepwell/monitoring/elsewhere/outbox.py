"""What a program logs, on its way to the workspace: files that outlive the program."""

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keepwell.core.errors import BusyError, StorageError
from keepwell.infrastructure.segments import SegmentWriter, encode_entry

MOST_BYTES = 256 << 20
_ROTATE_BYTES = 1 << 20  # delivered files go away one by one
_LOOK_EVERY = 1.0


class Outbox:
    """Writes entries to files of one folder. Safe for many threads, and across `fork`.

    An entry that `put` returned from survives the end of the process, however it ends. If nobody takes
    entries away, the folder grows no further than `most_bytes`: then `put` refuses.

    Args:
        folder: Where the files lie; several processes may share it.
        most_bytes: How large they may become together.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self.folder = folder
        self._most_bytes = most_bytes
        self._turn = threading.Lock()
        self._writer: SegmentWriter | None = None
        self._owner = 0
        self._looked = 0.0
        self._full = False
        os.register_at_fork(after_in_child=self._renew)

    def put(self, entry: Mapping[str, Any]) -> None:
        """Keep an entry.

        Raises:
            BusyError: If the folder is full.
            StorageError: If the disk refuses.
        """
        payload = encode_entry(entry)
        with self._turn:
            if self._is_full():
                raise BusyError(
                    f"{self._most_bytes >> 20} MB wait in {self.folder}",
                    why="nobody has taken them away: the workspace is not reachable, or refuses them",
                    now="kw.monitor.status() says what the last attempt met",
                )
            self._open().append(payload)

    def close(self) -> None:
        """Let go of the files; what waits in them stays."""
        with self._turn:
            if self._writer is not None and self._owner == os.getpid():
                self._writer.close()
            self._writer = None

    def _open(self) -> SegmentWriter:
        if self._writer is None or self._owner != os.getpid():  # a fork has its own file
            try:
                self._writer = _Rotating.claim(self.folder, "logged")
            except OSError as error:
                raise StorageError(
                    f"nothing can be logged in {self.folder}",
                    why=error.strerror or str(error),
                    now="make it writable, or name another folder: kw.monitor.to(…, spool=FOLDER)",
                ) from error
            self._owner = os.getpid()
        return self._writer

    def _is_full(self) -> bool:
        now = time.monotonic()
        if now - self._looked >= _LOOK_EVERY:
            self._looked = now
            self._full = waiting_bytes(self.folder) > self._most_bytes
        return self._full

    def _renew(self) -> None:
        self._turn = threading.Lock()  # whoever held it is not in this process


class _Rotating(SegmentWriter):
    """A writer of small files."""

    def __init__(self, folder: Path, slot: str) -> None:
        super().__init__(folder, slot, rotate_bytes=_ROTATE_BYTES)


def waiting_bytes(folder: Path) -> int:
    """Return how large the files of a folder are together."""
    total = 0
    for path in folder.glob("*.seg"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # delivered meanwhile
            continue
    return total
