"""Columns as they are."""

from typing import TYPE_CHECKING, Any

from keepwell.deployment.scoring.parts import Columns, Data
from keepwell.deployment.scoring.steps.matrix import side_by_side

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Passthrough:
    """Gives what it takes: the word `passthrough` in place of a transformer."""

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read nothing: nothing is done."""
        return {}

    def row(self, values: list[Any]) -> list[Any]:
        """Return the values."""
        return values

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Return the columns side by side."""
        return side_by_side(columns, len(columns[0]))
