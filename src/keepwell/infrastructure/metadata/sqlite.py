"""SQLite: readers beside one writer (WAL), and turns between processes by a lock on a file.

SQLite's own way of waiting for its write lock is to try, sleep and try again, which starves some of many
writers until they fail with "database is locked". The kernel's lock on `record.db-turn` queues them, so
SQLite's is always free for whoever has the turn.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from keepwell.infrastructure.files import storing

_BUSY_MS = 60_000


class SqliteDatabase:
    """A record in one file (and SQLite's two beside it while it is open)."""

    def __init__(self, path: str) -> None:
        self.place = path
        self._turn = Path(f"{path}-turn")
        with storing(f"the record at {path} cannot be opened"):
            self._turn.parent.mkdir(parents=True, exist_ok=True)
        self.engine = sa.create_engine(
            sa.URL.create("sqlite", database=path),
            pool_size=4,
            max_overflow=60,
            connect_args={"timeout": _BUSY_MS / 1000, "check_same_thread": False},
        )
        sa.event.listen(self.engine, "connect", _configure)
        sa.event.listen(self.engine, "begin", _begin)

    @contextlib.contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[sa.Connection]:
        """Give the turn and a transaction; see `Database`."""
        with self._taking_turns(), self.engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            raw.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            writer = connection.execution_options(keepwell_writes=True)
            with writer.begin():
                yield writer

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """Give a transaction that sees one moment; see `Database`."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def renew(self) -> None:
        """Close what was inherited: SQLite forgets a fork's locks only when it is closed."""
        self.engine.dispose()

    @contextlib.contextmanager
    def _taking_turns(self) -> Iterator[None]:
        with storing(f"the record at {self.place} cannot be written"):
            descriptor = os.open(self._turn, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _configure(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin`, not by the driver
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {_BUSY_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("keepwell_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
