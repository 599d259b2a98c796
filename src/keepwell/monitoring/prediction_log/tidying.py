"""Keeps a table that is appended to all day quick to read: many small files become few."""

from typing import Any, Protocol, runtime_checkable

from keepwell.core.errors import KeepwellError
from keepwell.core.ports import TableStore

EVERY = 60
"""Commits between two tidyings: opening a table costs a third of a millisecond a file."""

KEEP_DAYS = 1 / 24
"""How long a merged file stays for readers that opened the table before."""


@runtime_checkable
class Maintained(Protocol):
    """A store that can merge small files; others are left as they are."""

    def maintain(self, table: str, keep_days: float) -> Any:
        """Merge small files, and delete merged ones after a time."""
        ...


class Tidier:
    """Counts the commits to one table, and has it tidied now and then."""

    def __init__(self, tables: TableStore, table: str) -> None:
        self._tables = tables
        self._table = table
        self._commits = 0

    def committed(self) -> None:
        """Take note of a commit. Tidying that fails is tried again later: nothing depends on it."""
        self._commits += 1
        if self._commits < EVERY or not isinstance(self._tables, Maintained):
            return
        self._commits = 0
        try:
            self._tables.maintain(self._table, KEEP_DAYS)
        except KeepwellError:
            self._commits = EVERY // 2
