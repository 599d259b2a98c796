"""What the two databases do differently: taking the turn to write, and saying no."""

import contextlib
from collections.abc import Iterator
from typing import Protocol

import sqlalchemy as sa

from keepwell.core.errors import FormatError, KeepwellError, StorageError, UsageError


class Database(Protocol):
    """One database. At any moment at most one process is inside `writing`."""

    place: str
    engine: sa.Engine

    def writing(self, *, durable: bool = True) -> contextlib.AbstractContextManager[sa.Connection]:
        """Give the turn and a transaction; committed at the end, rolled back on an error.

        With `durable`, what was committed outlives a power cut; without, only the death of processes.
        """
        ...

    def snapshot(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """Give a transaction that sees one moment, however long it reads."""
        ...

    def renew(self) -> None:
        """Drop inherited connections in the child of a fork."""
        ...


def open_database(url: str) -> Database:
    """Return the database at a URL.

    Raises:
        UsageError: If it is neither SQLite's nor PostgreSQL's.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        from keepwell.infrastructure.metadata.sqlite import SqliteDatabase

        return SqliteDatabase(rest[1:])
    if scheme in {"postgresql", "postgres", "postgresql+psycopg"}:
        from keepwell.infrastructure.metadata.postgresql import PostgresqlDatabase

        return PostgresqlDatabase(rest)
    raise UsageError(
        f"'{url.partition('@')[2] or url}' is not a database for the record",
        why="it must be SQLite or PostgreSQL",
        now="write sqlite:///path/to/record.db or postgresql://user:password@host/database",
    )


class LostConnectionError(StorageError):
    """The database went away in the middle of a transaction."""

    headline = "The database went away"


@contextlib.contextmanager
def refusals(place: str) -> Iterator[None]:
    """Turn whatever the database raises in this block into our own family."""
    try:
        yield
    except KeepwellError:
        raise
    except sa.exc.SQLAlchemyError as error:
        lost = isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated
        text = str(getattr(error, "orig", None) or error).strip()
        raise _meaning(place, text, LostConnectionError if lost else StorageError) from error


def _meaning(place: str, text: str, family: type[StorageError]) -> KeepwellError:
    if "file is not a database" in text:
        return FormatError(
            f"{place} is not a record of Keepwell",
            why="it is a file of another kind, or its beginning was overwritten",
            now="move it away, or restore it from a backup",
        )
    full = "disk is full" in text or "No space left" in text
    return family(
        f"the record at {place} cannot be used",
        why="No space left on device" if full else text,
        now="free some space on that disk, then run the same command again"
        if full
        else "check that the database runs, and that it may be read and written",
        details={"errno": "ENOSPC"} if full else {},
    )
