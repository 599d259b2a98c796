"""The accumulators of all columns of one version as one vector, so that a merge is an addition."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.records import ColumnProfile
from keepwell.monitoring.sketches.columns import ROWS, ColumnSketch, sketch_of
from keepwell.monitoring.sketches.counted import Counted
from keepwell.monitoring.sketches.frequent import count_labels
from keepwell.monitoring.sketches.states import pack, unpack

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Layout:
    """Which sums of a block belong to which column.

    Args:
        columns: The columns' profiles, in an order that stays.

    Attributes:
        digest: Names this layout: blocks of two layouts cannot be merged.
        size: Sums in all.
    """

    def __init__(self, columns: Sequence[ColumnProfile]) -> None:
        self._sketches: dict[str, tuple[ColumnSketch, slice]] = {}
        start = 0
        for profile in columns:
            sketch = sketch_of(profile)
            self._sketches[profile.name] = sketch, slice(start, start + sketch.size)
            start += sketch.size
        self.size = start
        self.digest = hashlib.sha256(repr(tuple(columns)).encode()).hexdigest()[:16]

    def block(self) -> "Block":
        """Return the accumulators of no rows."""
        return Block(layout=self, sums=np.zeros(self.size))

    def read(self, data: bytes) -> "Block | None":
        """Return what `Block.to_bytes` wrote; None if that was of another layout."""
        digest, sums, fresh = unpack(data)
        if digest != self.digest:
            return None
        return Block(layout=self, sums=sums, fresh=fresh)

    def find(self, name: str) -> "tuple[ColumnSketch, slice] | None":
        """Return a column's accumulator and the place of its sums; None if there is no such column."""
        return self._sketches.get(name)

    def items(self) -> "Sequence[tuple[str, ColumnSketch, slice]]":
        """Return each column with its accumulator and the place of its sums."""
        return [(name, sketch, place) for name, (sketch, place) in self._sketches.items()]


@dataclass(slots=True, kw_only=True)
class Block:
    """The accumulators of all columns.

    Attributes:
        layout: What the sums mean.
        sums: One vector.
        fresh: By column, labels that training never saw, with their counts.
    """

    layout: Layout
    sums: "NDArray[np.float64]"
    fresh: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, columns: Mapping[str, Any], wrong: Mapping[str, int] | None = None) -> None:
        """Add rows: Arrow columns of equal length by name, in the rows' order.

        Threads may add at the same time if each has columns of its own.
        """
        for name, column in columns.items():
            known = self.layout.find(name)
            if known is not None:
                sketch, place = known
                labels = self.fresh.get(name, {})
                sketch.add(self.sums[place], labels, column, (wrong or {}).get(name, 0))
                if labels:
                    self.fresh[name] = labels

    def merge(self, other: "Block") -> None:
        """Add what another block has seen."""
        self.sums += other.sums
        for name, labels in other.fresh.items():
            count_labels(self.fresh.setdefault(name, {}), labels.items())

    def rows(self) -> int:
        """Return how many rows were added: of the column that has most."""
        return max((int(self.sums[place][ROWS]) for _, _, place in self.layout.items()), default=0)

    def counted(self) -> dict[str, Counted]:
        """Return each column as it was counted."""
        return {
            name: sketch.counted(self.sums[place], self.fresh.get(name, {}))
            for name, sketch, place in self.layout.items()
        }

    def to_bytes(self) -> bytes:
        """Return a compact form that `Layout.read` reads."""
        return pack(self.layout.digest, self.sums, self.fresh)
