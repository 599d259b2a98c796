"""Where tracking waits while the store is away: a local file, sent again when the store is back.

A spool is one file of JSON lines per process, with the bytes of artifacts beside it. The process holds a
lock on its file for as long as it lives, so whoever comes later can tell a file that was left behind
by a killed process from one that is being written, and sends it too.
"""

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from keepwell.core.identifiers import new_id

Entry = dict[str, Any]


class Spool:
    """The entries of this process, and those that killed processes left behind.

    Args:
        folder: Where the files lie; made when there is something to keep. None keeps entries in memory,
            which a killed process loses.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._entries: list[Entry] = []
        self._bytes: dict[str, bytes] = {}
        self._file: BinaryIO | None = None
        self._pid = os.getpid()

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        """Keep one entry: on disk when this returns, or in memory where the disk refuses as well."""
        self._after_fork()
        self._entries.append(entry)
        with contextlib.suppress(OSError):
            file = self._open()
            if file is not None:
                file.write(json.dumps(entry).encode() + b"\n")
                file.flush()

    def keep_bytes(self, data: bytes) -> str:
        """Keep an artifact's bytes and return their SHA-256, which is what the store will call them."""
        digest = hashlib.sha256(data).hexdigest()
        try:
            if self._folder is None:
                raise FileNotFoundError
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / digest).write_bytes(data)
        except OSError:
            self._bytes[digest] = data
        return digest

    def bytes_of(self, digest: str) -> bytes | None:
        """Return kept bytes; None if they are not here (any more)."""
        if digest in self._bytes or self._folder is None:
            return self._bytes.get(digest)
        path = self._folder / digest
        return path.read_bytes() if path.is_file() else None

    def entries(self) -> list[Entry]:
        """Return this process's entries, oldest first."""
        self._after_fork()
        return list(self._entries)

    def clear(self) -> None:
        """Forget this process's entries: they were sent."""
        for entry in self._entries:
            self.forget_bytes(entry)
        self._entries.clear()
        if self._file is not None:
            Path(self._file.name).unlink(missing_ok=True)
            self._file.close()
            self._file = None

    def forget_bytes(self, entry: Entry) -> None:
        """Remove the bytes that an entry speaks of, if it speaks of any."""
        digest = entry.get("digest")
        if digest is None or self._bytes.pop(digest, None) is not None:
            return
        if self._folder is not None:
            (self._folder / digest).unlink(missing_ok=True)

    def left_behind(self) -> Iterator[list[Entry]]:
        """Yield the entries of each process that is gone; its file is removed when the next is asked for."""
        if self._folder is None or not self._folder.is_dir():
            return
        for path in sorted(self._folder.glob("*.jsonl")):
            if self._file is not None and path == Path(self._file.name):
                continue
            try:
                file = path.open("r+b")
            except FileNotFoundError:  # somebody else has just sent it
                continue
            with file:
                if not _lock(file) or not path.exists():
                    continue
                entries = _whole_lines(file.read())
                yield entries
                for entry in entries:
                    self.forget_bytes(entry)
                path.unlink(missing_ok=True)

    def _open(self) -> BinaryIO | None:
        if self._file is None and self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = (self._folder / f"{new_id()}.jsonl").open("ab")
            _lock(self._file)
        return self._file

    def _after_fork(self) -> None:
        """A forked child starts empty: what was spooled before belongs to its parent."""
        if os.getpid() != self._pid:
            self._pid = os.getpid()
            self._entries, self._file = [], None


def _lock(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _whole_lines(data: bytes) -> list[Entry]:
    """Read what was written whole; the last line of a killed process may be torn."""
    lines = data.split(b"\n")[:-1]
    return [json.loads(line) for line in lines if line]
