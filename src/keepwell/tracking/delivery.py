"""Brings what tracking wants to keep to the stores, at once or later: a tracker never stops training."""

from pathlib import Path
from threading import RLock
from typing import Any

from keepwell.core.clock import Clock
from keepwell.core.errors import BusyError, StorageError, UnavailableError
from keepwell.core.ports import BlobStore, MeasurementStore, Point
from keepwell.core.records import Run
from keepwell.infrastructure.codec import from_plain, to_plain
from keepwell.infrastructure.metadata import Collection
from keepwell.tracking.spool import Entry, Spool

AWAY = (StorageError, BusyError, UnavailableError, OSError)
"""What a store raises when it cannot be reached or refuses to write. Anything else is a mistake of ours."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds between two attempts: a store that hangs must not slow every logged value down."""


class Delivery:
    """Sends entries in the order of their making; keeps them in a spool while a store is away."""

    def __init__(
        self,
        runs: Collection[Run],
        measurements: MeasurementStore,
        blobs: BlobStore,
        *,
        clock: Clock,
        spool: Path | None,
    ) -> None:
        self._runs = runs
        self._measurements = measurements
        self._blobs = blobs
        self._clock = clock
        self._spool = Spool(spool)
        self._lock = RLock()
        self._pause = 0.0
        self._not_before = 0.0
        self._swept = False

    @property
    def waiting(self) -> int:
        """How many entries of this process the stores do not have yet."""
        return len(self._spool)

    def run(self, run: Run, verb: str, why: str = "") -> None:
        """Write a run's whole state."""
        self._send({"op": "run", "verb": verb, "why": why, "run": to_plain(run)})

    def points(self, subject: str, points: list[Point]) -> None:
        """Append points to a series."""
        rows = [[point.name, point.time, point.value, point.step] for point in points]
        self._send({"op": "points", "subject": subject, "points": rows})

    def blob(self, data: bytes) -> str:
        """Store bytes and return their digest."""
        with self._lock:
            if self.resend():
                try:
                    return self._blobs.write(data)
                except AWAY:
                    self._wait()
            digest = self._spool.keep_bytes(data)
            self._spool.add({"op": "blob", "digest": digest})
            return digest

    def resend(self, *, now: bool = False) -> bool:
        """Send what is waiting, ours and what killed processes left; tell whether nothing waits any more.

        Args:
            now: Try even if the last attempt failed a moment ago.
        """
        with self._lock:
            if not now and self._clock.now() < self._not_before:
                return False
            try:
                for entry in self._spool.entries():
                    self._deliver(entry)
                self._spool.clear()
                self._sweep()
            except AWAY:
                self._wait()
                return False
            self._pause = self._not_before = 0.0
            return True

    def _send(self, entry: Entry) -> None:
        with self._lock:
            if self.resend():
                try:
                    self._deliver(entry)
                except AWAY:
                    self._wait()
                else:
                    return
            self._spool.add(entry)

    def _wait(self) -> None:
        self._pause = min(max(FIRST_PAUSE, self._pause * 2), LONGEST_PAUSE)
        self._not_before = self._clock.now() + self._pause
        self._swept = False

    def _sweep(self) -> None:
        """Once per outage, look for what killed processes could not send."""
        if self._swept:
            return
        for entries in self._spool.left_behind():
            for entry in entries:
                if entry["op"] != "run" or not self._ended(entry["run"]):
                    self._deliver(entry)
        self._swept = True

    def _ended(self, run: dict[str, Any]) -> bool:
        """Whether the store knows of an end that an old entry must not undo."""
        known = self._runs.get(run["id"])
        return known is not None and known.ended is not None

    def _deliver(self, entry: Entry) -> None:
        match entry["op"]:
            case "run":
                self._runs.write(from_plain(Run, entry["run"]), entry["verb"], why=entry["why"])
            case "points":
                points = [
                    Point(name, time, value, step) for name, time, value, step in entry["points"]
                ]
                self._measurements.append(entry["subject"], points)
            case "blob":
                data = self._spool.bytes_of(entry["digest"])
                if data is not None:  # else somebody has sent it already
                    self._blobs.write(data)
