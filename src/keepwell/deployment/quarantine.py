"""Columns that are not believed: a row as the model is to see it, and as the log tells it.

    quarantine = Quarantine((Quarantined(column="age"),))
    quarantine.screened([{"age": -999, "plan": "A"}])   # [{"age": None, "plan": "A"}]: what is scored
    quarantine.marked({"age": -999, "plan": "A"})       # what is logged: the row as it was sent, with a mark

The log keeps what was sent, so that the monitors see when the break is over. Whoever scores or learns from a
logged row again reads it through `infrastructure.logged_rows.believed`.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from keepwell.core.records import Quarantined
from keepwell.infrastructure.logged_rows import MARK


class Quarantine:
    """The quarantined columns of an endpoint.

    Args:
        columns: At least one.
    """

    def __init__(self, columns: Sequence[Quarantined]) -> None:
        self.columns = tuple(columns)
        self._values = {one.column: one.value for one in columns}

    @property
    def told(self) -> list[str]:
        """What whoever sent a row is told, a sentence for each column."""
        return [
            f"column '{one.column}' is in quarantine: "
            + ("taken as missing" if one.value is None else f"{one.value!r} was taken in its place")
            + (f" ({one.reason})" if one.reason else "")
            for one in self.columns
        ]

    def screened(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return rows as they are to be scored; those given stay as they are."""
        return [self._overlaid(row) for row in rows]

    def marked(
        self, row: Mapping[str, Any], known: Collection[str] | None = None
    ) -> dict[str, Any]:
        """Return a row as it is logged, with the mark.

        Args:
            row: As it was sent.
            known: The columns that are logged; all if None.
        """
        kept = {name: value for name, value in row.items() if known is None or name in known}
        values = {
            name: value for name, value in self._values.items() if known is None or name in known
        }
        return {**kept, MARK: values} if values else kept

    def _overlaid(self, row: Mapping[str, Any]) -> dict[str, Any]:
        changed = dict(row)
        for column, value in self._values.items():
            if value is not None or column in changed:
                changed[column] = value
        return changed
