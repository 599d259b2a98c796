"""Writing a batch of jobs in one transaction, and telling each caller how his own went."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from keepwell.core.clock import Clock
from keepwell.core.errors import KeepwellError
from keepwell.infrastructure.leases import must_hold
from keepwell.infrastructure.metadata.databases import Database, LostConnectionError, refusals
from keepwell.infrastructure.metadata.ledger import Ledger
from keepwell.infrastructure.metadata.schema import events
from keepwell.infrastructure.metadata.writer import CommitJob, Job


def write_batch(
    database: Database, clock: Clock, batch: Sequence[Job], *, again: bool = True
) -> None:
    """Write jobs in their order and settle every future.

    A commit that is refused for its own sake (a conflict) leaves the others of the batch alone. If the
    database refuses the whole, each job is tried by itself, so that one does not fail for another; if
    the database was restarted, it is tried once more.
    """
    try:
        outcomes = _attempt(database, clock, batch)
    except Exception as error:  # noqa: BLE001 (whatever it is, somebody waits for the answer)
        if again and isinstance(error, LostConnectionError):
            write_batch(database, clock, batch, again=False)
        elif len(batch) == 1:
            batch[0].done.set_exception(error)
        else:
            for job in batch:
                write_batch(database, clock, [job], again=again)
        return
    for job, outcome in zip(batch, outcomes, strict=True):
        if isinstance(outcome, KeepwellError):
            job.done.set_exception(outcome)
        else:
            job.done.set_result(outcome)


def _attempt(database: Database, clock: Clock, batch: Sequence[Job]) -> list[Any]:
    commits = [job for job in batch if isinstance(job, CommitJob)]
    refs = {wish.ref for job in commits for wish in job.wishes}
    outcomes: list[Any] = []
    end: tuple[int, str] | None = None
    try:
        with refusals(database.place), database.writing(durable=bool(commits)) as connection:
            ledger = Ledger(connection, clock.now, refs)
            outcomes.extend(_apply(job, ledger, connection) for job in batch)
            end = ledger.flush()
    except LostConnectionError:
        if end is None or not _is_there(database, end):
            raise
    return outcomes


def _apply(job: Job, ledger: Ledger, connection: sa.Connection) -> Any:
    try:
        if job.fence is not None:
            must_hold(connection, job.fence)
        if isinstance(job, CommitJob):
            return ledger.extend(job.wishes, job.actor)
        return job.run(connection)
    except KeepwellError as error:
        return error


def _is_there(database: Database, end: tuple[int, str]) -> bool:
    """Tell whether a commit whose answer was lost on the way had arrived all the same."""
    with refusals(database.place), database.engine.connect() as connection:
        found = connection.scalar(sa.select(events.c.hash).where(events.c.seq == end[0]))
    return bool(found == end[1])
