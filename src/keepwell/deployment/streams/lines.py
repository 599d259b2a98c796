"""Streams of JSON Lines: a file that grows, or a pipe."""

import json
import os
import select
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from keepwell.core.errors import NotFoundError, StorageError, UsageError
from keepwell.deployment.streams.base import Answer, Event
from keepwell.infrastructure.files import refusal, storing, write_atomic

_LOOK_EVERY = 0.1
_PIECE = 1 << 20
_LONGEST = 16 << 20


class Lines:
    """Events from a file or the standard input, answers to a file or the standard output.

    How far a file was read stands in `<output>.offset`, or `<source>.offset` if the answers go to the
    standard output, with the length that the output had then. A file that was replaced by another, or
    cut short, is read from its start.

    Args:
        source: Path, or `-`.
        output: Path, or `-`.

    Raises:
        NotFoundError: If there is no such file.
        StorageError: If the output cannot be written.
    """

    def __init__(self, source: str, output: str) -> None:
        self._source, self._output = source, output
        self._in: IO[bytes] = _open_in(source)
        self._state = self._state_path()
        self._offset = self._length = 0
        self._waiting = b""
        self._eof = False
        self._out = -1
        known = self._known()
        status = os.fstat(self._in.fileno())
        self._file = [status.st_dev, status.st_ino]
        if known.get("file") == self._file and known.get("offset", 0) <= status.st_size:
            self._offset = int(known["offset"])
            self._in.seek(self._offset)
        self._read_to = self._offset
        try:
            with storing(f"{output} cannot be written"):
                self._out = self._open_out(known)
        except BaseException:
            self.close()
            raise

    @property
    def ended(self) -> bool:
        """Return whether the pipe was closed; a file may always grow."""
        return self._source == "-" and self._eof and not self._waiting

    def read(self, most: int, wait: float) -> list[Event]:
        """Return the next whole lines."""
        end = time.monotonic() + wait
        while True:
            events = self._take(most)
            left = end - time.monotonic()
            if events or left <= 0 or (self._source == "-" and self._eof):
                return events
            if self._source == "-":
                select.select([self._in], [], [], left)
            elif not self._grown():
                time.sleep(min(left, _LOOK_EVERY))

    def answer(self, answers: Sequence[Answer]) -> None:
        """Write a line for each, then note how far this is."""
        data = b"".join(answer.data + b"\n" for answer in answers)
        try:
            self._write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise refusal(error, f"{self._output} was not written") from error
        self._length += len(data)
        self._offset = self._read_to
        self._note()

    def close(self) -> None:
        """Close the files."""
        if self._source != "-":
            self._in.close()
        if self._output != "-" and self._out >= 0:
            os.close(self._out)

    def _take(self, most: int) -> list[Event]:
        events: list[Event] = []
        while len(events) < most:
            line, found, rest = self._waiting.partition(b"\n")
            if not found:
                piece = self._more()
                if piece:
                    self._waiting += piece
                    if len(self._waiting) > _LONGEST and b"\n" not in self._waiting:
                        raise _too_long(self._source)
                    continue
                if not (self._eof and self._source == "-" and line):
                    break
                rest = b""  # the last line of a pipe may lack its end
            place = f"{self._file}:{self._read_to}"
            self._read_to += len(line) + len(found)
            self._waiting = rest
            if line.strip():
                events.append(Event(data=line, place=place))
        return events

    def _more(self) -> bytes:
        if self._eof and self._source == "-":
            return b""
        if self._source == "-" and not select.select([self._in], [], [], 0)[0]:
            return b""
        piece = os.read(self._in.fileno(), _PIECE)
        self._eof = not piece
        return piece

    def _grown(self) -> bool:
        """Tell whether there may be more, having turned to a new file of that name if there is one."""
        try:
            status = Path(self._source).stat()
        except FileNotFoundError:
            return False  # between two files; the next one will come
        here = os.fstat(self._in.fileno())
        other = [status.st_dev, status.st_ino] != self._file
        if not other and here.st_size >= self._read_to + len(self._waiting):
            return here.st_size > self._read_to + len(self._waiting)
        self._in.close()
        self._in = _open_in(self._source)
        self._file = [status.st_dev, status.st_ino]
        self._waiting, self._offset, self._read_to = b"", 0, 0
        return True

    def _note(self) -> None:
        if self._state is not None:
            state = {"file": self._file, "offset": self._offset, "length": self._length}
            write_atomic(self._state, json.dumps(state).encode(), durable=False)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._out, view) :]

    def _open_out(self, known: dict[str, Any]) -> int:
        if self._output == "-":
            return sys.stdout.fileno()
        path = Path(self._output)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size and not known:
            raise UsageError(
                f"{path} is there already",
                why=f"and there is no {self._state} that says how far it is",
                now="name another output",
            )
        if not known:  # before there is an output: one without a note would be somebody else's
            self._note()
        out = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._length = int(known.get("length", 0))
        if os.fstat(out).st_size > self._length:  # answered, but not noted: they come again
            os.ftruncate(out, self._length)
        return out

    def _state_path(self) -> Path | None:
        if self._source == "-":
            return None
        base = self._source if self._output == "-" else self._output
        return Path(base + ".offset")

    def _known(self) -> dict[str, Any]:
        if self._state is None:
            return {}
        try:
            return dict(json.loads(self._state.read_bytes()))
        except (FileNotFoundError, ValueError):
            return {}


def _open_in(source: str) -> IO[bytes]:
    if source == "-":
        return sys.stdin.buffer
    try:
        return Path(source).open("rb", buffering=0)
    except FileNotFoundError:
        raise NotFoundError(
            f"there is no file '{source}'",
            why="--follow reads a file of JSON Lines that grows",
            now=f"touch {source}, then try again",
        ) from None
    except OSError as error:
        raise refusal(error, f"{source} cannot be read") from error


def _too_long(source: str) -> StorageError:
    return StorageError(
        f"a line of {source} is longer than {_LONGEST >> 20} MiB",
        why="an event is one line",
        now="check that its events are JSON objects, one a line",
    )
