"""The record in an SQL database."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import msgspec
import sqlalchemy as sa

from keepwell.core.clock import Clock
from keepwell.core.events import Change, Event, State, current_actor
from keepwell.core.references import Ref
from keepwell.infrastructure.leases import SqlLeaseStore
from keepwell.infrastructure.metadata.batches import write_batch
from keepwell.infrastructure.metadata.chaining import clean, prepare
from keepwell.infrastructure.metadata.databases import Database, open_database, refusals
from keepwell.infrastructure.metadata.gate import Gate
from keepwell.infrastructure.metadata.ledger import event_of
from keepwell.infrastructure.metadata.measurements import SqlMeasurementStore
from keepwell.infrastructure.metadata.migration import migrate
from keepwell.infrastructure.metadata.pages import Pages
from keepwell.infrastructure.metadata.schema import events, states
from keepwell.infrastructure.metadata.writer import CommitJob, Job, Writer

if TYPE_CHECKING:
    from keepwell.core.ports import MetadataStore


class SqlMetadataStore:
    """The record in SQLite or PostgreSQL. Safe in many threads, in many processes and after a fork.

    A commit that returned outlives the death of the process and of the machine. Commits that wait at the
    same time, from all threads of a process, are written in one transaction.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._gate = Gate(self._renew)
        self._writer = Writer(self._write)

    @classmethod
    def at(cls, url: str, clock: Clock) -> Self:
        """Open the record at a URL; see `open_metadata`."""
        database = open_database(url)
        store = cls(database, clock)
        try:
            with store._gate, refusals(database.place), database.writing() as connection:
                migrate(connection, database.place)
        except BaseException:
            store.close()
            raise
        return store

    @cached_property
    def measurements(self) -> SqlMeasurementStore:
        """The numbers and reports in the same database."""
        return SqlMeasurementStore(self._reading, self._writer)

    @cached_property
    def leases(self) -> SqlLeaseStore:
        """Who may do what only one may do, in the same database."""
        return SqlLeaseStore(self._reading, self._writer, self._clock)

    def commit(self, changes: Sequence[Change]) -> list[Event]:
        """Write changes in one transaction; what it returned is on the disk.

        Raises:
            ConflictError: If an `expected` does not hold; nothing was written.
            LostLeaseError: If this context is `fenced_by` a lease that was lost; nothing was written.
            NotFoundError: If a change removes what is not there; nothing was written.
            UsageError: If a state is not JSON-ready; nothing was written.
            StorageError: If the database refused.
        """
        if not changes:
            return []
        job = CommitJob([prepare(change) for change in changes], clean(current_actor()))
        self._writer.submit(job)
        return job.done.result()

    def read(self, ref: Ref, *, at: float | None = None) -> State | None:
        """Return a subject's state, now or as of a time; None if it did not exist then."""
        if at is None:
            query = sa.select(states).where(states.c.kind == ref.kind, states.c.name == ref.name)
        else:
            query = (
                sa.select(*_STATE_OF_EVENT)
                .where(events.c.kind == ref.kind, events.c.name == ref.name, events.c.time <= at)
                .order_by(events.c.seq.desc())
                .limit(1)
            )
        with self._reading() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None or row["data"] is None else _state_of(row)

    def find(
        self, kind: str, *, under: str = "", at: float | None = None, limit: int | None = None
    ) -> list[State]:
        """Return states of a kind, last changed first; `under` keeps names that start with it."""
        table = states if at is None else events
        columns = [table.c[name] for name in states.columns.keys()]  # noqa: SIM118
        query = sa.select(*columns).where(table.c.kind == kind, *_under(table, under))
        if at is not None:
            query = query.where(*_last_before(at))
        with self._reading() as connection:
            rows = connection.execute(query.order_by(table.c.seq.desc()).limit(limit)).mappings()
            return [_state_of(row) for row in rows]

    def events(
        self,
        *,
        ref: Ref | None = None,
        kind: str | None = None,
        after: int = 0,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[Event]:
        """Return events with `seq > after`, in order."""
        query = sa.select(events).where(events.c.seq > after)
        if ref is not None:
            query = query.where(events.c.kind == ref.kind, events.c.name == ref.name)
        if kind is not None:
            query = query.where(events.c.kind == kind)
        order = events.c.seq.desc() if newest_first else events.c.seq
        with self._reading() as connection:
            rows = connection.execute(query.order_by(order).limit(limit)).mappings()
            return [event_of(row) for row in rows]

    @contextmanager
    def pages(self) -> Iterator[Pages]:
        """Give all rows as of one moment, unread; for an audit or a backup."""
        with self._gate, refusals(self._database.place), self._database.snapshot() as connection:
            yield Pages(connection)

    def close(self) -> None:
        """Finish accepted writes and let go of the database."""
        self._writer.close()
        self._database.engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with (
            self._gate,
            refusals(self._database.place),
            self._database.engine.connect() as connection,
        ):
            yield connection

    def _write(self, batch: Sequence[Job]) -> None:
        with self._gate:
            write_batch(self._database, self._clock, batch)

    def _renew(self) -> None:
        self._database.renew()
        self._writer.renew()


_STATE_OF_EVENT = tuple(events.c[name] for name in ("kind", "name", "seq", "time", "data"))


def _under(table: sa.Table, prefix: str) -> list[sa.ColumnElement[bool]]:
    """Say `starts with` as a range, which an index answers."""
    if not prefix:
        return []
    bounds = [table.c.name >= prefix]
    if (end := _after(prefix)) is not None:
        bounds.append(table.c.name < end)
    return bounds


def _after(prefix: str) -> str | None:
    """Return the least text above everything that starts with `prefix`; None if there is none."""
    stem = prefix.rstrip("\U0010ffff")
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    return stem[:-1] + chr(0xE000 if following == 0xD800 else following)  # noqa: PLR2004 (surrogates)


def _last_before(at: float) -> list[sa.ColumnElement[bool]]:
    """Keep the last event of each subject as of a time, by numbers alone: an index holds them."""
    early = events.alias("early")
    end = sa.select(sa.func.max(early.c.seq)).where(early.c.time <= at).scalar_subquery()
    later = events.alias("later")
    newer = sa.exists().where(
        later.c.kind == events.c.kind,
        later.c.name == events.c.name,
        later.c.seq > events.c.seq,
        later.c.seq <= end,
    )
    return [events.c.seq <= end, events.c.data.is_not(None), ~newer]


def _state_of(row: Any) -> State:
    return State(
        ref=Ref(row["kind"], row["name"]),
        seq=row["seq"],
        time=row["time"],
        data=msgspec.json.decode(row["data"]),
    )


if TYPE_CHECKING:
    _: type[MetadataStore] = SqlMetadataStore
