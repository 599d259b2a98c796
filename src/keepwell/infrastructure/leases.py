"""Leases in the record's database, and the check that stops whoever lost one.

    lease = store.leases.take("control", "web-1", seen=store.leases.read("control"))
    with fenced_by(Fence(lease.name, lease.token)):
        store.commit(changes)          # LostLeaseError once somebody else has taken it

A holder may be paused for minutes between looking at its lease and writing. So the write itself carries the
token, and is refused in its own transaction: nothing rests on what time it is.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from keepwell.core.clock import Clock
from keepwell.core.errors import LostLeaseError
from keepwell.core.events import Fence
from keepwell.core.ports import Lease
from keepwell.infrastructure.metadata.schema import leases
from keepwell.infrastructure.metadata.writer import StatementJob, Writer

if TYPE_CHECKING:
    from keepwell.core.ports import LeaseStore


class SqlLeaseStore:
    """Leases beside the record; got from `SqlMetadataStore.leases`, whose thread writes for both.

    Who is in the transaction has the turn to write, so a look and a change in it are one.
    """

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[sa.Connection]],
        writer: Writer,
        clock: Clock,
    ) -> None:
        self._reading = reading
        self._writer = writer
        self._clock = clock

    def read(self, name: str) -> Lease | None:
        """Return a lease as it stands; None if it was never taken."""
        with self._reading() as connection:
            return _read(connection, name)

    def take(self, name: str, owner: str, *, seen: Lease | None, told: str = "") -> Lease | None:
        """Take a lease if it still stands as it was `seen`; None if it does not."""
        now = self._clock.now()
        fresh = Lease(
            name=name,
            token=seen.token + 1 if seen is not None else 1,
            owner=owner,
            told=told,
            since=now,
            renewed=now,
        )

        def run(connection: sa.Connection) -> Lease | None:
            if _mark(_read(connection, name)) != _mark(seen):
                return None
            connection.execute(sa.delete(leases).where(leases.c.name == name))
            connection.execute(sa.insert(leases), _row(fresh))
            return fresh

        taken: Lease | None = self._run(run)
        return taken

    def renew(self, lease: Lease) -> Lease:
        """Say that the holder lives.

        Raises:
            LostLeaseError: If somebody else has it, or it was given back.
        """
        now = self._clock.now()

        def run(connection: sa.Connection) -> int:
            beat = (
                sa.update(leases)
                .where(*_mine(lease))
                .values(beats=leases.c.beats + 1, renewed=now)
                .returning(leases.c.beats)
            )
            beats: int | None = connection.execute(beat).scalar()
            if beats is None:
                raise _lost(Fence(lease.name, lease.token), _read(connection, lease.name))
            return beats

        beats: int = self._run(run)
        return Lease(
            name=lease.name,
            token=lease.token,
            owner=lease.owner,
            beats=beats,
            told=lease.told,
            since=lease.since,
            renewed=now,
        )

    def release(self, lease: Lease) -> None:
        """Give a lease back; nothing happens if it was lost. Its token is never given again."""
        gone = sa.update(leases).where(*_mine(lease)).values(owner="")
        self._run(lambda connection: connection.execute(gone))

    def _run(self, run: Callable[[sa.Connection], Any]) -> Any:
        job = StatementJob(run, fence=None)
        self._writer.submit(job)
        return job.done.result()


def must_hold(connection: sa.Connection, fence: Fence) -> None:
    """Refuse what is done on the authority of a lease that somebody else has taken since.

    Raises:
        LostLeaseError: If that is so, or the lease was given back.
    """
    found = _read(connection, fence.lease)
    if found is None or found.token != fence.token or not found.owner:
        raise _lost(fence, found)


def _mine(lease: Lease) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        leases.c.name == lease.name,
        leases.c.token == lease.token,
        leases.c.owner == lease.owner,
    )


def _mark(lease: Lease | None) -> tuple[int, int, str] | None:
    return None if lease is None else (lease.token, lease.beats, lease.owner)


def _row(lease: Lease) -> dict[str, Any]:
    return {name: getattr(lease, name) for name in leases.columns.keys()}  # noqa: SIM118


def _read(connection: sa.Connection, name: str) -> Lease | None:
    row = connection.execute(sa.select(leases).where(leases.c.name == name)).mappings().first()
    return None if row is None else Lease(**row)


def _lost(fence: Fence, found: Lease | None) -> LostLeaseError:
    by = found.told or found.owner if found is not None and found.owner else ""
    return LostLeaseError(
        f"'{fence.lease}' is in other hands by now, nothing was written",
        why=f"{by} has taken it" if by else "it was given back",
        now="nothing is to be done: whoever has it goes on from the record",
        details={
            "lease": fence.lease,
            "token": fence.token,
            "present": 0 if found is None else found.token,
        },
    )


if TYPE_CHECKING:
    _: type[LeaseStore] = SqlLeaseStore
