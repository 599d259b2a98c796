"""Writing a batch of jobs in one transaction, and telling each caller how his own went."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from keepwell.core.clock import Clock
from keepwell.core.errors import KeepwellError
from keepwell.infrastructure.metadata.databases import Database, refusals
from keepwell.infrastructure.metadata.ledger import Ledger
from keepwell.infrastructure.metadata.schema import events
from keepwell.infrastructure.metadata.writer import CommitJob, Job


def write_batch(database: Database, clock: Clock, batch: Sequence[Job]) -> None:
    """Write jobs in their order and settle every future.

    A commit that is refused for its own sake (a conflict) leaves the others of the batch alone. If the
    database refuses the whole, each job is tried by itself, so that one does not fail for another.
    """
    try:
        outcomes = _attempt(database, clock, batch)
    except Exception as error:  # noqa: BLE001 (whatever it is, somebody waits for the answer)
        if len(batch) == 1:
            batch[0].done.set_exception(error)
            return
        for job in batch:
            write_batch(database, clock, [job])
        return
    for job, outcome in zip(batch, outcomes, strict=True):
        if isinstance(outcome, KeepwellError):
            job.done.set_exception(outcome)
        else:
            job.done.set_result(outcome)


def _attempt(database: Database, clock: Clock, batch: Sequence[Job]) -> list[Any]:
    commits = [job for job in batch if isinstance(job, CommitJob)]
    outcomes: list[Any] = []
    written: tuple[int, str] | None = None
    try:
        with refusals(database.place), database.writing(durable=bool(commits)) as connection:
            refs = [wish.ref for job in commits for wish in job.wishes]
            ledger = Ledger(connection, clock.now, refs) if commits else None
            for job in batch:
                outcomes.append(_apply(job, ledger, connection))
            if ledger is not None:
                ledger.flush()
                written = ledger.head
    except KeepwellError:
        if written is None or not _is_there(database, written):
            raise
    return outcomes


def _apply(job: Job, ledger: Ledger | None, connection: sa.Connection) -> Any:
    try:
        if isinstance(job, CommitJob):
            assert ledger is not None
            return ledger.extend(job.wishes, job.actor)
        return job.run(connection)
    except KeepwellError as error:
        return error


def _is_there(database: Database, head: tuple[int, str]) -> bool:
    """Tell whether a commit whose answer was lost on the way had arrived all the same."""
    try:
        with database.engine.connect() as connection:
            found = connection.scalar(sa.select(events.c.hash).where(events.c.seq == head[0]))
    except sa.exc.SQLAlchemyError:
        return False
    return bool(found == head[1])
