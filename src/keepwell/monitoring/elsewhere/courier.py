"""Carries entries from an outbox to whoever keeps them, each until it has arrived.

How far a file was read is written down after the delivery. A courier that is killed in between delivers the
same entries again, and nothing is doubled: each has an id.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from keepwell.infrastructure.files import write_atomic
from keepwell.infrastructure.locks import exclusive
from keepwell.infrastructure.segments import (
    Segment,
    decode_entry,
    finished_segments,
    list_segments,
    scan_frames,
)

AT_ONCE = 1_000
BYTES_AT_ONCE = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What became of entries.

    Attributes:
        delivered: They have arrived.
        refused: They were not wanted, and are gone.
        reason: Why the last of those was not wanted.
    """

    delivered: int = 0
    refused: int = 0
    reason: str = ""

    def __add__(self, other: "Delivered") -> "Delivered":
        return Delivered(
            delivered=self.delivered + other.delivered,
            refused=self.refused + other.refused,
            reason=other.reason or self.reason,
        )


Deliver = Callable[[str, Sequence[dict[str, Any]]], Delivered]
"""Hands the entries of one endpoint on; raises if they should be tried again."""


class Courier:
    """Empties the outboxes of one folder. Several couriers take turns, in any processes.

    Args:
        folder: Where the files lie.
        deliver: Hands entries on, in their order, at most 1,000 at once.
    """

    def __init__(self, folder: Path, deliver: Deliver) -> None:
        self._folder = folder
        self._deliver = deliver

    @property
    def waiting(self) -> bool:
        """Whether anything lies there that has not arrived."""
        return any(
            _size(segment) > _offset_in(segment, self._sent(segment.slot))
            for segment in list_segments(self._folder)
        )

    def run(self) -> Delivered:
        """Deliver what lies there, and say what became of it; nothing new costs a look at the folder.

        Raises:
            KeepwellError: Whatever the delivery raised: the rest waits for the next time.
        """
        if not self.waiting:
            return Delivered()
        total = Delivered()
        with exclusive(self._folder / "deliver.lock", "delivering what was logged"):
            finished = set(finished_segments(self._folder))  # before reading: nothing comes after
            slots = groupby(list_segments(self._folder), key=lambda segment: segment.slot)
            for slot, segments in slots:
                for segment in list(segments):
                    total += self._empty(slot, segment)
                    if segment in finished:
                        with contextlib.suppress(FileNotFoundError):
                            segment.path.unlink()
        return total

    def _empty(self, slot: str, segment: Segment) -> Delivered:
        done = self._sent(slot)
        if done >= replace(segment, number=segment.number + 1).position(0):
            return Delivered()
        total = Delivered()
        for entries, end in _batches(segment, _offset_in(segment, done)):
            for endpoint, group in groupby(entries, key=lambda entry: str(entry["endpoint"])):
                total += self._deliver(endpoint, list(group))
            write_atomic(self._mark(slot), str(segment.position(end)).encode())
        return total

    def _sent(self, slot: str) -> int:
        try:
            return int(self._mark(slot).read_bytes() or b"-1")
        except FileNotFoundError:
            return -1

    def _mark(self, slot: str) -> Path:
        return self._folder / f"{slot}.sent"


def _offset_in(segment: Segment, done: int) -> int:
    """Return how much of a segment was read, from how far its slot was read."""
    return max(0, done - segment.position(0))


def _size(segment: Segment) -> int:
    from keepwell.infrastructure.segments import MAGIC

    try:
        size = segment.path.stat().st_size
    except FileNotFoundError:
        return 0
    return size if size > len(MAGIC) else 0


def _batches(segment: Segment, offset: int) -> Iterator[tuple[list[dict[str, Any]], int]]:
    entries: list[dict[str, Any]] = []
    held = 0
    for frame, end in scan_frames(segment.path, offset):
        offset, held = end, held + len(frame)
        entry = decode_entry(frame)
        if entry is not None:
            entries.append(entry)
        if len(entries) >= AT_ONCE or held >= BYTES_AT_ONCE:
            yield entries, offset
            entries, held = [], 0
    if entries:
        yield entries, offset
