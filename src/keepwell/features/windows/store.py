"""What happened lately, by key: a file that all workers of a machine read and write.

Of each series (a column of keys and a column of numbers) it keeps what lies twice the longest window, and
a week beyond it at least, back from the newest event; `floor` says from when on it is complete. Who asks
about earlier times is refused, never told half.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keepwell.core.errors import StorageError
from keepwell.core.features import Window
from keepwell.features.windows.aggregates import Occurrence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Series = tuple[str, str]
Row = tuple[int, str, int, float | None]
"""An event: the number of its series, its key, its time, its number."""

_WEEK = 7 * 86_400 * 1_000_000
_AT_ONCE = 2000  # events in a transaction: whoever answers requests waits for no more than that
_TIDY_EVERY = 1000  # events that are kept between two removals of old ones
_WAIT = 5.0  # seconds for somebody else's transaction
_SCHEMA = """
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY, entity TEXT NOT NULL, measure TEXT NOT NULL, span INTEGER NOT NULL,
    floor INTEGER, UNIQUE (entity, measure));
CREATE TABLE IF NOT EXISTS events (
    series INTEGER NOT NULL, key TEXT NOT NULL, time INTEGER NOT NULL, value REAL);
CREATE INDEX IF NOT EXISTS events_by_key ON events (series, key, time, value);
CREATE INDEX IF NOT EXISTS events_by_time ON events (series, time);
"""
_ADD = """
INSERT INTO events (series, key, time, value)
SELECT n.series, n.key, n.time, n.value FROM incoming n WHERE n.turn > (
    SELECT count(*) FROM events e
    WHERE e.series = n.series AND e.key = n.key AND e.time = n.time AND e.value IS n.value)
"""


def windows_path(home: Path) -> Path:
    """Return where a workspace keeps what happened lately."""
    return home / "serving" / "windows.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The events of a key before a moment.

    Attributes:
        events: Their times and numbers.
        floor: From when on all events are known; None: from the first on.
    """

    events: Sequence[Occurrence]
    floor: int | None


class WindowStore:
    """Events in an SQLite file. Safe for several threads and processes of one machine.

    Law: adding the same events again, from a file or a table, adds nothing; what was recorded one by one
    is not added again by a table that holds it.

    Args:
        path: The file; made when something is first written or read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._opened: sqlite3.Connection | None = None
        self._untidy = 0

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def declare(self, windows: Iterable[Window]) -> None:
        """Keep what these windows need from now on, beside what was declared before."""
        spans: dict[Series, int] = {}
        for window in windows:
            spans[window.series] = max(spans.get(window.series, 0), window.micros)
        with self._writing() as file:
            file.executemany(
                "INSERT INTO series (entity, measure, span) VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET span = max(span, excluded.span)",
                [(*series, span) for series, span in spans.items()],
            )

    def series(self) -> dict[Series, int]:
        """Return the number of each series that was declared."""
        with self._reading() as file:
            rows = file.execute("SELECT entity, measure, id FROM series").fetchall()
        return {(entity, measure): number for entity, measure, number in rows}

    def past(self, series: int, key: str, begin: int, end: int) -> Past:
        """Return the events of a key from `begin` until before `end`."""
        with self._reading() as file:
            events = file.execute(
                "SELECT time, value FROM events WHERE series = ? AND key = ? AND time >= ? AND time < ?",
                (series, key, begin, end),
            ).fetchall()
            # Asked last: what is removed in between is then known to be removed.
            found = file.execute("SELECT floor FROM series WHERE id = ?", (series,)).fetchone()
        return Past(events=events, floor=found[0] if found else None)

    def record(self, events: Sequence[Row], now: float) -> None:
        """Keep events that have just happened.

        Args:
            events: What happened.
            now: Unix seconds.

        Raises:
            StorageError: If they cannot be written.
        """
        with self._writing() as file:
            file.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", events)
        self._untidy += len(events)
        if self._untidy >= _TIDY_EVERY:
            self._untidy = 0
            self.tidy(now)

    def fill(
        self,
        series: Series,
        keys: Sequence[str],
        times: "NDArray[np.int64]",
        values: Sequence[float | None],
        *,
        now: float,
        whole: bool,
    ) -> int:
        """Add events that are not there yet, and return how many.

        Args:
            series: Which; it was declared.
            keys: Of each event.
            times: The same, in microseconds.
            values: The same.
            now: Unix seconds: what is said to happen later does not make anything old.
            whole: They are what a model was trained on: nothing else happened until the newest of them, and
                old ones are left out. Others are all added; old ones go when new ones come.
        """
        with self._reading() as file:
            number, span, floor = file.execute(
                "SELECT id, span, floor FROM series WHERE entity = ? AND measure = ?", series
            ).fetchone()
        newest = min(int(times.max()), int(now * 1_000_000)) if len(times) else 0
        bound = newest - _kept(span)
        kept = [at for at, moment in enumerate(times.tolist()) if not whole or moment >= bound]
        turns: dict[Row, int] = {}
        rows: list[tuple[int, str, int, float | None, int]] = []
        for at in kept:
            row = (number, keys[at], int(times[at]), values[at])
            turns[row] = turns.get(row, 0) + 1
            rows.append((*row, turns[row]))
        if whole and (floor is None or newest >= floor):
            self._set_floor(number, bound if len(kept) < len(times) else None)
        return sum(self._add(rows[at : at + _AT_ONCE]) for at in range(0, len(rows), _AT_ONCE))

    def tidy(self, now: float) -> None:
        """Remove some of what no window reaches any more: whoever answers requests waits for it."""
        with self._reading() as file:
            found = file.execute(
                "SELECT id, span, (SELECT max(time) FROM events WHERE series = id) FROM series"
            ).fetchall()
        for number, span, newest in found:
            if newest is None:
                continue
            bound = min(newest, int(now * 1_000_000)) - _kept(span)
            with self._writing() as file:
                gone = file.execute(
                    "DELETE FROM events WHERE rowid IN (SELECT rowid FROM events "
                    "WHERE series = ? AND time < ? LIMIT ?)",
                    (number, bound, _AT_ONCE),
                ).rowcount
                if gone:
                    file.execute(
                        "UPDATE series SET floor = max(coalesce(floor, ?), ?) WHERE id = ?",
                        (bound, bound, number),
                    )

    def _set_floor(self, series: int, floor: int | None) -> None:
        with self._writing() as file:
            file.execute("UPDATE series SET floor = ? WHERE id = ?", (floor, series))

    def _add(self, rows: Sequence[tuple[int, str, int, float | None, int]]) -> int:
        with self._writing() as file:
            file.execute(
                "CREATE TEMP TABLE IF NOT EXISTS incoming (series INTEGER, key TEXT, time INTEGER, "
                "value REAL, turn INTEGER)"
            )
            file.execute("DELETE FROM incoming")
            file.executemany("INSERT INTO incoming VALUES (?, ?, ?, ?, ?)", rows)
            return int(file.execute(_ADD).rowcount)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _storing(self.path):
            yield self._file()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _storing(self.path):
            file = self._file()
            file.execute("BEGIN IMMEDIATE")
            try:
                yield file
            except BaseException:
                file.execute("ROLLBACK")
                raise
            file.execute("COMMIT")

    def _file(self) -> sqlite3.Connection:
        if self._opened is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            opened = sqlite3.connect(
                self.path, timeout=_WAIT, isolation_level=None, check_same_thread=False
            )
            opened.execute("PRAGMA journal_mode = WAL")
            opened.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing by it
            opened.executescript(_SCHEMA)
            self._opened = opened
        return self._opened


def _kept(span: int) -> int:
    return span + max(span, _WEEK)


@contextmanager
def _storing(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StorageError(
            "what happened before cannot be read or kept",
            why=f"{path}: {error}",
            now="see to the disk; the file can be made again: keepwell features push",
        ) from error
