"""What is known of users or items beside events, as numbers: plain data that training fits and answers use.

Every column becomes one number or one flag a label, with mean 0 and spread 1, so that what is not known is 0:
as usual as it can be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.features.label_sets import labels_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

NUMBER, LABELS = "number", "labels"


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """How one column is read.

    Attributes:
        name: The column.
        kind: `number` (dates are seconds), or `labels`.
        labels: Those that have a flag.
        delimiter: What stands between labels where a cell holds several; empty where it holds one.
        means: Of the number, or of each flag.
        spreads: Their standard deviations, never 0.
    """

    name: str
    kind: str
    labels: tuple[str, ...] = ()
    delimiter: str = ""
    means: tuple[float, ...] = (0.0,)
    spreads: tuple[float, ...] = (1.0,)

    @property
    def width(self) -> int:
        """How many numbers it makes."""
        return len(self.labels) if self.kind == LABELS else 1

    @property
    def names(self) -> list[str]:
        """What they are called."""
        return [f"{self.name} {one}" for one in self.labels] if self.labels else [self.name]

    def encode(self, cells: Sequence[Any]) -> "NDArray[np.float64]":
        """Return a row of numbers for each cell."""
        raw = self.raw(cells)
        made = (raw - np.array(self.means)) / np.array(self.spreads)
        return np.where(np.isfinite(made), made, 0.0)

    def raw(self, cells: Sequence[Any]) -> "NDArray[np.float64]":
        """Return the same before it is scaled; nan where nothing is known."""
        if self.kind == NUMBER:
            return np.array([_number(cell) for cell in cells], dtype=np.float64)[:, None]
        places = {label: at for at, label in enumerate(self.labels)}
        made = np.zeros((len(cells), len(self.labels)))
        for row, cell in enumerate(cells):
            labels = [] if _unknown(cell) else labels_of(cell, self.delimiter) or []
            if not labels:
                made[row] = np.nan
            for label in labels:
                if label in places:
                    made[row, places[label]] = 1.0
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptions:
    """All that is known of users, or of items.

    Attributes:
        columns: How each column is read.
        values: By user or item, a row of numbers.
    """

    columns: tuple[Descriptor, ...] = ()
    values: "NDArray[np.float64]"

    @property
    def names(self) -> list[str]:
        """What the numbers are called."""
        return [name for column in self.columns for name in column.names]

    def of(self, row: Mapping[str, Any]) -> "NDArray[np.float64] | None":
        """Return the numbers of somebody who is told of in a request; None if nothing is told."""
        if all(_unknown(row.get(column.name)) for column in self.columns):
            return None
        return np.concatenate([one.encode([row.get(one.name)])[0] for one in self.columns])


def nothing(count: int) -> Descriptions:
    """Return what is known where nothing is."""
    return Descriptions(values=np.zeros((count, 0)))


def _unknown(cell: Any) -> bool:
    return cell is None or cell == "" or (isinstance(cell, float) and np.isnan(cell))


def _number(cell: Any) -> float:
    if _unknown(cell):
        return np.nan
    if hasattr(cell, "timestamp"):
        return float(cell.timestamp())
    try:
        return float(cell)
    except (TypeError, ValueError):
        return np.nan
