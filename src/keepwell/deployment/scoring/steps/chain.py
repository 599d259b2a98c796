"""`Pipeline`: one step after the other."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, ClassVar

from keepwell.deployment.scoring.parts import Columns, Data, Read, build_step, read_step
from keepwell.deployment.scoring.steps.matrix import side_by_side
from keepwell.deployment.scoring.steps.sparsity import refuse_skipped_zeros

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Chain:
    """Hands each step's result to the next.

    Args:
        read: Gives the bundle's files, to the steps.
        steps: Their data, in order.
    """

    compound: ClassVar[bool] = True

    def __init__(self, *, read: Read, steps: list[Data]) -> None:
        self._steps = [build_step(step, read) for step in steps]

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes] | None, where: str) -> Data:
        """Read the steps; those that do nothing are left out."""
        refuse_skipped_zeros(step for _, step in fitted.steps)
        return {
            "steps": [
                read_step(step, files, f"{where}.{name}")
                for name, step in fitted.steps
                if step is not None and step != "passthrough"
            ]
        }

    def row(self, values: list[Any]) -> list[Any]:
        """Transform one row."""
        for step in self._steps:
            values = step.row(values)
        return values

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Transform rows."""
        matrix = None
        for step in self._steps:
            matrix = step.batch(columns if matrix is None else list(matrix.T))
        return side_by_side(columns, len(columns[0])) if matrix is None else matrix
