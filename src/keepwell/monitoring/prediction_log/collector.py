"""Moves predictions from the workers' segment files into the table, each exactly once.

How far a slot was read is committed in the same Delta transaction as the rows (`once`), so a collector
that is killed at any point neither loses a row nor writes one twice. A segment is removed when its
rows are committed and nobody writes it any more.

However much lies there, a collector holds at most `AT_ONCE` predictions as records, and the rows of one
segment as Arrow: the memory of the control process must not depend on the load.
"""

from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from keepwell.core.ports import TableStore
from keepwell.core.records import Prediction
from keepwell.infrastructure.locks import exclusive
from keepwell.infrastructure.segments import (
    MAGIC,
    Segment,
    decode_prediction,
    finished_segments,
    list_segments,
    scan_frames,
)
from keepwell.monitoring.prediction_log.schema import PREDICTIONS, prediction_table
from keepwell.monitoring.prediction_log.tidying import Tidier

AT_ONCE = 10_000
"""Predictions that are turned into rows of the table together."""

BYTES_AT_ONCE = 4 << 20
"""The same, for predictions with large inputs."""


class Fed(Protocol):
    """Sees the rows that a collector moves, each once: accumulators.

    Law: none of these raises; after `flush`, what was taken survives the process.
    """

    def position(self, slot: str) -> int:
        """Return up to where rows of a slot were taken."""
        ...

    def take(self, slot: str, end: int, rows: pa.Table) -> None:
        """Take the rows that follow, up to `end`."""
        ...

    def flush(self) -> None:
        """Write what was taken."""
        ...

    def flush_due(self) -> bool:
        """Write it, if it is time, and tell whether all of it is written."""
        ...


class Collector:
    """Collects the segments of one folder. Several collectors take turns, in any processes.

    Args:
        tables: Where the table `predictions` is.
        folder: Where the workers' segments lie.
        feeder: Who sees the rows on their way; None for nobody.
        place: What sets this folder apart where folders of several machines go into one table: each has a
            `worker-0`, and what one wrote must not count as written by the other.
    """

    def __init__(
        self, tables: TableStore, folder: Path, feeder: Fed | None = None, place: str = ""
    ) -> None:
        self._place = f"{place}/" if place else ""
        self._tables = tables
        self._folder = folder
        self._feeder = feeder
        self._fed = True  # everything that the feeder took is written
        self._seen: dict[Path, int] = {}
        self._tidier = Tidier(tables, PREDICTIONS)

    def collect(self) -> int:
        """Move everything that was written so far, and return how many predictions that were.

        Nothing new costs no more than a look at the folder. A frame that is not whole yet is left for
        the next time.
        """
        if self._sizes() == self._seen and self._fed:
            return 0
        with exclusive(self._folder / "collect.lock", "collecting predictions"):
            sizes = self._sizes()
            finished = set(finished_segments(self._folder))  # before reading: nothing comes after
            slots = groupby(list_segments(self._folder), key=lambda segment: segment.slot)
            moved = sum(self._collect(slot, list(segments), finished) for slot, segments in slots)
            self._seen = {path: size for path, size in sizes.items() if path.exists()}
            if self._feeder is not None:
                self._fed = self._feeder.flush_due()
            return moved

    def close(self) -> None:
        """Write what the feeder has taken: what the last answers logged is counted too."""
        if self._feeder is not None and not self._fed:
            with exclusive(self._folder / "collect.lock", "collecting predictions"):
                self._feeder.flush()
                self._fed = True

    def _sizes(self) -> dict[Path, int]:
        sizes = {}
        for segment in list_segments(self._folder):
            try:
                sizes[segment.path] = segment.path.stat().st_size
            except FileNotFoundError:  # another collector has just removed it
                continue
        return sizes

    def _collect(self, slot: str, segments: list[Segment], finished: set[Segment]) -> int:
        writer = f"{self._place}{slot}"
        done = self._tables.written(PREDICTIONS, writer)
        fed = self._feeder.position(writer) if self._feeder is not None else done
        moved = 0
        for segment in segments:
            following = replace(segment, number=segment.number + 1)
            if min(done, fed) < following.position(0):
                start = segment.position(0)
                moved += self._move(segment, max(0, done - start), max(0, fed - start))
            if segment in finished:
                if self._feeder is not None:
                    self._feeder.flush()
                _remove(segment)
        return moved

    def _move(self, segment: Segment, offset: int, fed: int) -> int:
        """Write the rows from `offset` on, and let the feeder see those from `fed` on."""
        table, end = _rows(segment.path, offset)
        writer = f"{self._place}{segment.slot}"
        if table is not None:
            self._tables.write(PREDICTIONS, table, once=(writer, segment.position(end)), widen=True)
            self._tidier.committed()
        if self._feeder is not None:
            seen, end = (table, end) if fed == offset else _rows(segment.path, fed)
            if seen is not None:
                self._feeder.take(writer, segment.position(end), seen)
        return 0 if table is None else int(table.num_rows)


def _rows(path: Path, offset: int) -> tuple[pa.Table | None, int]:
    """Return the predictions of a segment from `offset` on, None for none, and where they end."""
    parts: list[pa.Table] = []
    records: list[Prediction] = []
    held = 0
    for frame, end in scan_frames(path, offset):
        offset, held = end, held + len(frame)
        record = decode_prediction(frame)
        if record is not None:
            records.append(record)
        if len(records) >= AT_ONCE or held >= BYTES_AT_ONCE:
            parts.append(prediction_table(records))
            records, held = [], 0
    if records:
        parts.append(prediction_table(records))
    rows = pa.concat_tables(parts) if parts else None
    return (rows if rows is not None and rows.num_rows else None), offset


def _remove(segment: Segment) -> None:
    """Remove a segment whose rows are committed; what cannot be read of it is kept for people."""
    whole = len(MAGIC)
    for _, end in scan_frames(segment.path):
        whole = end
    if segment.path.stat().st_size > whole:
        segment.path.rename(segment.path.with_suffix(".torn"))
    else:
        segment.path.unlink()
