"""Feature selectors: some of the columns, whichever way they were chosen."""

from typing import TYPE_CHECKING, Any

from keepwell.deployment.scoring.parts import Columns, Data
from keepwell.deployment.scoring.steps.matrix import side_by_side

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Select:
    """Keeps some columns.

    Args:
        keep: Their positions.
    """

    def __init__(self, *, keep: list[int]) -> None:
        self._keep = keep

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Ask the selector which columns it keeps."""
        return {"keep": fitted.get_support(indices=True).tolist()}

    def row(self, values: list[Any]) -> list[Any]:
        """Keep some values."""
        return [values[at] for at in self._keep]

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Keep some columns."""
        return side_by_side([columns[at] for at in self._keep], len(columns[0]))
