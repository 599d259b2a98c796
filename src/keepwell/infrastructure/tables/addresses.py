"""Where a table lies: a name that cannot lead out of the root."""

import re
from pathlib import Path

from keepwell.core.errors import UsageError
from keepwell.infrastructure.files import storing

_SEGMENT = re.compile(r"[^\W_][\w.\- ]{0,200}")


class Addresses:
    """The tables' root, and the address of each table under it."""

    def __init__(self, root: str) -> None:
        self._root = root.rstrip("/")
        self.local = "://" not in root or root.startswith("file://")

    def of(self, table: str) -> str:
        """Return the address of a table.

        Raises:
            UsageError: If the name is not a path of simple segments.
        """
        for segment in table.split("/"):
            if not _SEGMENT.fullmatch(segment) or segment.endswith((".", " ")):
                raise UsageError(
                    f"'{table}' cannot be the name of a table",
                    why=f"its part '{segment}' is not made of letters, digits, and . _ - or spaces "
                    "after a first letter or digit",
                    now="choose a name like 'churn' or 'datasets/churn'",
                )
        return f"{self._root}/{table}"

    def prepare(self, table: str) -> str:
        """Return the address of a table that is about to be written; a local folder is made."""
        address = self.of(table)
        if self.local:
            with storing(f"the table '{table}' cannot be made"):
                Path(address.removeprefix("file://")).mkdir(parents=True, exist_ok=True)
        return address
