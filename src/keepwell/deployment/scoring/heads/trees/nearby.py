"""Numbers next to zero, which LightGBM would take for zero where scikit-learn tells them apart."""

from typing import TYPE_CHECKING

import numpy as np

from keepwell.deployment.scoring.heads.trees.nodes import TINY

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ENOUGH = 2 * TINY  # on the same side of zero, and not taken for it


class Nearby:
    """Moves numbers next to zero away from it, in columns that a tree compares with zero.

    Args:
        columns: Their positions.
        single: The original rounds to single precision first, which turns the smallest into zero.
    """

    def __init__(self, columns: list[int], *, single: bool) -> None:
        self._columns, self._single = columns, single

    def row(self, features: list[float]) -> list[float]:
        """Return the row, moved where needed."""
        for at in self._columns:
            if -TINY <= features[at] <= TINY and features[at]:
                return self.batch(np.array([features]))[0].tolist()  # type: ignore[no-any-return]
        return features

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return a copy of the rows, moved where needed."""
        moved = np.array(features, dtype=np.float64)
        near = moved[:, self._columns]
        with np.errstate(over="ignore", under="ignore"):
            seen = near.astype(np.float32) if self._single else near
        tiny = (np.abs(near) <= TINY) & (seen != 0.0)
        moved[:, self._columns] = np.where(tiny, np.copysign(_ENOUGH, near), near)
        return moved
