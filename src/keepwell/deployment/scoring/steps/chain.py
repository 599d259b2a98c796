"""`Pipeline`: one step after the other."""

from typing import TYPE_CHECKING, Any

from keepwell.deployment.scoring.fusion import Code, Item
from keepwell.deployment.scoring.parts import Columns, Data, build_step, read_step
from keepwell.deployment.scoring.steps.matrix import side_by_side

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Chain:
    """Hands each step's result to the next.

    Args:
        steps: Their data, in order.
    """

    def __init__(self, *, steps: list[Data]) -> None:
        self._steps = [build_step(step) for step in steps]

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the steps; those that do nothing are left out."""
        present = [step for _, step in fitted.steps if step is not None and step != "passthrough"]
        return {"steps": [read_step(step) for step in present]}

    def row(self, values: list[Any]) -> list[Any]:
        """Transform one row."""
        for step in self._steps:
            values = step.row(values)
        return values

    def emit(self, code: Code, columns: list[str]) -> list[Item]:
        """Write the steps one after the other."""
        items = [Item(column) for column in columns]
        for step in self._steps:
            items = code.apply(step, items)
        return items

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Transform rows."""
        matrix = None
        for step in self._steps:
            matrix = step.batch(columns if matrix is None else list(matrix.T))
        return side_by_side(columns, len(columns[0])) if matrix is None else matrix
