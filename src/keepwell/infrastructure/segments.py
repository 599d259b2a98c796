"""Append-only logs of framed records: what a killed process has written stays readable.

A *slot* is one writer at a time (`worker-0`); it writes `{slot}-{number:010d}.seg` files whose numbers
only grow. A file is eight bytes of magic, then frames:

    length: u32 | crc32: u32 | payload: `length` bytes, of which the first says the kind

A frame is written by one system call, so `kill -9` of the writer loses nothing that `append` returned
from. Whoever reads stops before the first frame that is not whole. A frame's place in the slot's history,
`Segment.position(offset)`, is one growing integer: fit to make a transfer idempotent.
"""

import fcntl
import itertools
import os
import re
import struct
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import msgspec

from keepwell.core.errors import BusyError, FormatError, StorageError
from keepwell.core.records.prediction import Prediction

MAGIC = b"KWSEG\0\0\1"
PREDICTION = b"P"
ENTRY = b"E"
ROTATE_BYTES = 16 << 20
_BUFFER = 256 << 10

_FRAME = struct.Struct("<II")
_NAME = re.compile(r"(?P<slot>.+)-(?P<number>\d{10,})\.seg")
_OFFSET_BITS = 31  # with numbers of 32 bits (Unix seconds until 2106) a position fits an int64

_encode = msgspec.msgpack.Encoder().encode
_encode_anything = msgspec.msgpack.Encoder(enc_hook=str).encode
_decode_entry = msgspec.msgpack.Decoder(dict[str, Any]).decode
_decode_prediction = msgspec.msgpack.Decoder(Prediction).decode


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """One file of a slot."""

    slot: str
    number: int
    path: Path

    def position(self, offset: int) -> int:
        """Return where in the slot's history the byte `offset` of this file lies."""
        return self.number << _OFFSET_BITS | offset


class SegmentWriter:
    """Writes the frames of one slot. One per slot at a time; not for several threads at once.

    Args:
        folder: Where the segments lie; made if it is not there.
        slot: Name of the slot.
        rotate_bytes: Size beyond which the next file is begun.

    Raises:
        BusyError: If a living process writes this slot.
    """

    def __init__(self, folder: Path, slot: str, *, rotate_bytes: int = ROTATE_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.slot = slot
        self._folder = folder
        self._rotate_bytes = rotate_bytes
        self._lock = _claim(folder / f"{slot}.lock")
        self._number = max((s.number for s in list_segments(folder) if s.slot == slot), default=0)
        self._fd = -1
        self._size = 0
        self._open_next()

    @classmethod
    def claim(cls, folder: Path, slot: str) -> Self:
        """Return a writer of `slot`, or of `slot` + `.1`, `.2` … while an earlier writer still drains."""
        for attempt in range(1000):
            try:
                return cls(folder, f"{slot}.{attempt}" if attempt else slot)
            except BusyError:
                continue
        raise BusyError(f"every slot {slot}.* in {folder} is being written")

    def append(self, payload: bytes) -> None:
        """Write one record; once this returns, the end of this process cannot lose it."""
        self.append_all((payload,))

    def append_all(self, payloads: Sequence[bytes]) -> None:
        """Write records in one system call.

        Raises:
            StorageError: If the disk refuses; then none of them is in the log.
        """
        parts = []
        for payload in payloads:
            parts.append(_FRAME.pack(len(payload), zlib.crc32(payload)))
            parts.append(payload)
        data = b"".join(parts)
        if self._size + len(data) > self._rotate_bytes and self._size > len(MAGIC):
            self._open_next()
        self._write(data)

    def close(self) -> None:
        """Let go of the slot."""
        for descriptor in (self._fd, self._lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._fd = self._lock = -1

    def _open_next(self) -> None:
        number = max(int(time.time()), self._number + 1)
        path = self._folder / f"{self.slot}-{number:010d}.seg"
        try:
            fresh = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        except OSError as error:
            raise _refused(path, error) from error
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._number, self._size = fresh, number, 0
        self._write(MAGIC)

    def _write(self, data: bytes) -> None:
        written = 0
        try:
            while written < len(data):
                written += os.write(self._fd, data[written:] if written else data)
        except OSError as error:
            os.ftruncate(self._fd, self._size)  # half a frame would hide every frame after it
            raise _refused(self._folder, error) from error
        self._size += written


def list_segments(folder: Path) -> list[Segment]:
    """Return all segments of a folder, by slot and number; none if there is no folder."""
    found = []
    for path in folder.glob("*.seg"):
        match = _NAME.fullmatch(path.name)
        if match is not None:
            found.append(Segment(match["slot"], int(match["number"]), path))
    return sorted(found)


def finished_segments(folder: Path) -> list[Segment]:
    """Return the segments that nobody writes any more and that may be removed once they are read.

    The newest one of a slot is never among them: its number is what the next one must exceed.
    """
    segments = list_segments(folder)
    return [one for one, after in itertools.pairwise(segments) if one.slot == after.slot]


def read_frames(path: Path, offset: int = 0) -> tuple[list[bytes], int]:
    """Return the whole frames from `offset` on, and the offset behind the last of them.

    Ask again with that offset to follow a segment that is being written.

    Raises:
        FormatError: If the file is not a segment, or one of a newer format.
    """
    frames = []
    for frame, end in scan_frames(path, offset):
        frames.append(frame)
        offset = end
    return frames, offset


def scan_frames(path: Path, offset: int = 0) -> Iterator[tuple[bytes, int]]:
    """Yield what `read_frames` returns frame by frame, each with the offset behind it.

    No more than one frame and a buffer is held; what is appended meanwhile is left for the next time.
    """
    with path.open("rb", buffering=_BUFFER) as file:
        magic = file.read(len(MAGIC))
        if not MAGIC.startswith(magic):
            raise FormatError(
                f"{path} is not a log segment that this version reads",
                why=f"it starts with {magic!r} in place of {MAGIC!r}",
                now="upgrade keepwell, or move the file away",
            )
        size = os.fstat(file.fileno()).st_size
        offset = max(offset, len(MAGIC))
        file.seek(offset)
        while offset + _FRAME.size <= size:
            head = file.read(_FRAME.size)
            if len(head) < _FRAME.size:  # its writer has just taken half a frame back
                return
            length, checksum = _FRAME.unpack(head)
            offset += _FRAME.size + length
            if not length or offset > size:
                return
            payload = file.read(length)
            if zlib.crc32(payload) != checksum:
                return
            yield payload, offset


def encode_prediction(fields: dict[str, Any] | Prediction) -> bytes:
    """Return the payload of a `Prediction`, given as one or as its fields."""
    return PREDICTION + _encode(fields)


def decode_prediction(payload: bytes) -> Prediction | None:
    """Return the prediction of a payload; None if it is of another kind."""
    return _decode_prediction(memoryview(payload)[1:]) if payload[:1] == PREDICTION else None


def encode_entry(entry: Mapping[str, Any]) -> bytes:
    """Return the payload of an entry that a program tells."""
    return ENTRY + _encode_anything(entry)


def decode_entry(payload: bytes) -> dict[str, Any] | None:
    """Return the entry of a payload; None if it is of another kind."""
    return _decode_entry(memoryview(payload)[1:]) if payload[:1] == ENTRY else None


def _claim(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise BusyError(
            f"the log slot '{path.stem}' in {path.parent} is being written by another process",
            why="a slot has one writer at a time",
            now="stop the other process, or write to another slot",
        ) from None
    return descriptor


def _refused(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"the prediction log in {path} cannot be written",
        why=str(error),
        now="free some space, or make the folder writable",
    )
