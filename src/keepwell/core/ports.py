"""The contracts that the outside world meets us at.

Each port is a role; adapters are named mechanism + role and live in `infrastructure` or in a plugin.
The law of each is stated here and tested by a suite in `keepwell.testing` that runs over every adapter.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from keepwell.core.events import Change, Event, State
from keepwell.core.references import Ref

if TYPE_CHECKING:
    import pyarrow as pa


class MetadataStore(Protocol):
    """The one record of everything. Safe to use from many threads and many processes.

    Law: `commit` writes all of its changes or none; events are numbered without gaps; a state always
    equals the data of the last event about its subject; what `commit` returned survives the process.
    """

    def commit(self, changes: Sequence[Change]) -> list[Event]:
        """Write changes in one transaction; `ConflictError` if an `expected` does not hold."""
        ...

    def read(self, ref: Ref, *, at: float | None = None) -> State | None:
        """Return a subject's state, now or as of a time; None if it did not exist then."""
        ...

    def find(
        self, kind: str, *, under: str = "", at: float | None = None, limit: int | None = None
    ) -> list[State]:
        """Return states of a kind, last changed first; `under` keeps names that start with it."""
        ...

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
        ...

    def close(self) -> None:
        """Finish accepted writes and let go of the database."""
        ...


@dataclass(frozen=True, slots=True)
class Point:
    """One measured value of a series."""

    name: str
    time: float
    value: float
    step: int = 0


class MeasurementStore(Protocol):
    """Numbers and reports over time. Not audited, may be thinned; appended often, read for plots.

    Law: points come back in the order of time; a report is the last one written for its subject
    unless a time is asked for.
    """

    def append(self, subject: str, points: Iterable[Point]) -> None:
        """Add points to the series of a subject (`run:ID`, `endpoint:churn`)."""
        ...

    def series(
        self,
        subject: str,
        names: Sequence[str] | None = None,
        *,
        since: float = 0.0,
        limit: int = 10_000,
    ) -> dict[str, list[Point]]:
        """Return the newest points by series name, oldest first; all series if no names are given."""
        ...

    def write_report(self, subject: str, time: float, body: Mapping[str, Any]) -> None:
        """Keep a JSON document for a subject at a time."""
        ...

    def read_report(self, subject: str, *, at: float | None = None) -> Mapping[str, Any] | None:
        """Return the newest document, or the newest not after `at`; None if there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who may do what only one may do.

    Attributes:
        name: Of what.
        token: Counts the holders; never goes back.
        owner: Who has it; empty once it was given back.
        beats: How often this holder has renewed it.
        told: The holder in words, for people.
        since: When it was taken, Unix seconds by the holder's clock: for people, nothing is decided by it.
        renewed: When it was renewed last, the same.
    """

    name: str
    token: int
    owner: str
    beats: int = 0
    told: str = ""
    since: float = 0.0
    renewed: float = 0.0


class LeaseStore(Protocol):
    """Leases, each with at most one holder. Safe to use from many threads, processes and machines.

    Law: each `take` that succeeds has a token higher than all before it, of which exactly one succeeds of
    those that saw the same; a lease never runs out by itself. That a holder is dead is for those to say who
    watched it: its `beats` stood still for as long, by their own clock, as it may take to renew it. So no
    two machines' clocks are ever compared, and a clock that is set changes nothing.
    """

    def read(self, name: str) -> Lease | None:
        """Return a lease as it stands; None if it was never taken."""
        ...

    def take(self, name: str, owner: str, *, seen: Lease | None, told: str = "") -> Lease | None:
        """Take a lease if it still stands as it was `seen`; None if it does not."""
        ...

    def renew(self, lease: Lease) -> Lease:
        """Say that the holder lives; `LostLeaseError` if somebody else has it, or it was given back."""
        ...

    def release(self, lease: Lease) -> None:
        """Give a lease back; nothing happens if it was lost."""
        ...


class BlobStore(Protocol):
    """Bytes named by their SHA-256.

    Law: what is read has the digest it was asked by, or an `IntegrityError` is raised; a write is
    seen whole or not at all; equal bytes are stored once.
    """

    def write(self, data: bytes | Path, told: Callable[[int], None] | None = None) -> str:
        """Store bytes, or a file's content, and return its digest (64 hex digits).

        `told` hears how many bytes more are done, and may hear nothing of bytes that were there.
        """
        ...

    def read(self, digest: str) -> bytes:
        """Return the bytes; `NotFoundError` if they were never written."""
        ...

    def open(self, digest: str, told: Callable[[int], None] | None = None) -> BinaryIO:
        """Return a verified, seekable file; `told` hears how many bytes more were fetched or checked."""
        ...

    def __contains__(self, digest: str) -> bool:
        """Tell whether the bytes are there (not whether they are intact)."""
        ...

    def size(self, digest: str) -> int | None:
        """Return how many bytes are there, None for none: fewer than were written is a blob cut short."""
        ...

    def remove(self, digest: str) -> None:
        """Forget the bytes; nothing happens if they are not there."""
        ...


class TableStore(Protocol):
    """Versioned tables.

    Law: a version is visible whole or not at all and never changes; `once` makes a write idempotent:
    the same (writer, number) or a lower one is never applied twice.
    """

    def write(
        self,
        table: str,
        data: "pa.Table | pa.RecordBatchReader",
        *,
        mode: str = "append",
        where: str | None = None,
        once: tuple[str, int] | None = None,
        partition_by: Sequence[str] = (),
        widen: bool = False,
    ) -> int:
        """Append or overwrite (`where`: only the rows that match) and return the new version.

        `widen` lets an append bring columns that the table has not; its earlier rows have null there.
        """
        ...

    def read(
        self,
        table: str,
        *,
        version: int | None = None,
        columns: Sequence[str] | None = None,
        where: Any = None,
    ) -> "pa.Table":
        """Return rows; `where` is a pyarrow compute expression, pushed down to files and row groups."""
        ...

    def dataset(self, table: str, *, version: int | None = None) -> Any:
        """Return a `pyarrow.dataset.Dataset` for scanning out of core."""
        ...

    def version(self, table: str) -> int | None:
        """Return the newest version; None if there is no such table."""
        ...

    def written(self, table: str, writer: str) -> int:
        """Return the highest number that `writer` has applied by `once`; -1 if none."""
        ...
