"""One file of rows, whatever its format."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from keepwell.core.errors import KeepwellError
from keepwell.core.records.dataset import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Some rows of a file, in their order: columns `c0`, `c1`, … of an Arrow table.

    `complete` says that these are all rows of the file; if not, `expected` is about how many it has.
    """

    table: Any
    complete: bool
    expected: int = 0


class DataFile(Protocol):
    """A file that DuckDB can read. Columns are told by position, so that no name can get in the way.

    Law: `relation` gives the rows in the file's order, with the columns `c0` … in the order of `names`;
    all of them VARCHAR if `types` is empty, else of these DuckDB types.
    """

    @property
    def path(self) -> Path:
        """Where it is."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, to the letter."""
        ...

    @property
    def types(self) -> tuple[str, ...]:
        """DuckDB's type of each column; empty where everything is text."""
        ...

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is odd about it, and does not stop it from being read."""
        ...

    def relation(self) -> str:
        """Return what SQL selects from."""
        ...

    def sample(self) -> Sample:
        """Return rows from its start and, where that is cheap, from its middle and end."""
        ...

    def explain(self, error: Exception) -> KeepwellError | None:
        """Return what an error that came up while reading it means; None if it is not about it."""
        ...

    def line_of(self, row: int) -> int | None:
        """Return the line that the row with this number (from 0) begins at; None without lines."""
        ...
