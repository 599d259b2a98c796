"""The record: every change an event, every state the last event's; and measurements beside it.

    store = open_metadata("sqlite:///.keepwell/record.db")      # or postgresql://user@host/database
    runs = Collection(store, "run", Run, name=lambda run: run.id)
    runs.write(Run(id=new_id(), project="churn"), "started")

SQLAlchemy is loaded when a store is opened, not before.
"""

from typing import TYPE_CHECKING

from keepwell.core.clock import Clock, SystemClock
from keepwell.infrastructure.metadata.collection import Collection

if TYPE_CHECKING:
    from keepwell.infrastructure.metadata.store import SqlMetadataStore

__all__ = ["Collection", "open_metadata"]


def open_metadata(url: str, *, clock: Clock | None = None) -> "SqlMetadataStore":
    """Return the record at `sqlite:///path` or `postgresql://…`, made or upgraded if need be.

    Raises:
        UsageError: If the URL is of another kind.
        FormatError: If a newer version of Keepwell has written it, or it is something else.
        StorageError: If the database cannot be reached or written.
    """
    from keepwell.infrastructure.metadata.store import SqlMetadataStore

    return SqlMetadataStore.at(url, clock or SystemClock())
