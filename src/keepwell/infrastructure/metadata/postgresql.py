"""PostgreSQL: turns between processes, on one machine or many, by an advisory lock."""

import contextlib
from collections.abc import Iterator

import sqlalchemy as sa

from keepwell.core.errors import MissingExtraError, UsageError

_TURN = 0x6B6565707765_6C6C & 0x7FFF_FFFF_FFFF_FFFF
"""The lock's number in the database: "keepwell" in ASCII."""


class PostgresqlDatabase:
    """A record in a PostgreSQL database of its own (or a schema, by `?options=-csearch_path=…`)."""

    def __init__(self, rest: str) -> None:
        try:
            url = sa.make_url(f"postgresql+psycopg://{rest}")
            self.engine = sa.create_engine(url, pool_pre_ping=True, pool_size=4, max_overflow=28)
        except ImportError as error:
            raise MissingExtraError("a record in PostgreSQL", extra="postgres") from error
        except (sa.exc.ArgumentError, ValueError) as error:
            raise UsageError(
                "the URL of the record's database cannot be read",
                why=str(error),
                now="write postgresql://user:password@host/database",
            ) from error
        self.place = url.render_as_string(hide_password=True)

    @contextlib.contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[sa.Connection]:
        """Give the turn and a transaction; see `Database`."""
        with self.engine.begin() as connection:
            if not durable:
                connection.execute(sa.text("SET LOCAL synchronous_commit = off"))
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _TURN})
            yield connection

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """Give a transaction that sees one moment; see `Database`."""
        engine = self.engine.execution_options(isolation_level="REPEATABLE READ")
        with engine.begin() as connection:
            yield connection

    def renew(self) -> None:
        """Forget what was inherited without a word: the sockets are the parent's."""
        self.engine.dispose(close=False)
