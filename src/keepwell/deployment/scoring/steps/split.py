"""`ColumnTransformer`: some columns here, others there, the results side by side."""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.fusion import Code, Item
from keepwell.deployment.scoring.parts import (
    Columns,
    Data,
    NotCompilableError,
    build_step,
    read_step,
)
from keepwell.deployment.scoring.steps.matrix import side_by_side

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Split:
    """Gives each block its columns, and puts what comes back side by side.

    Args:
        blocks: By block: `columns`, the positions it takes, and `step`, its data.
    """

    def __init__(self, *, blocks: list[Data]) -> None:
        self._blocks = [(block["columns"], build_step(block["step"])) for block in blocks]

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the blocks; dropped columns are left out."""
        if fitted.transformer_weights:
            raise NotCompilableError("ColumnTransformer weights its blocks")
        names = list(getattr(fitted, "feature_names_in_", ()))
        blocks = []
        for _, step, columns in fitted.transformers_:
            positions = _positions(columns, names, int(fitted.n_features_in_))
            if positions and not (isinstance(step, str) and step == "drop"):
                blocks.append({"columns": positions, "step": read_step(step)})
        return {"blocks": blocks}

    def row(self, values: list[Any]) -> list[Any]:
        """Transform one row."""
        result: list[Any] = []
        for columns, step in self._blocks:
            result += step.row([values[at] for at in columns])
        return result

    def emit(self, code: Code, columns: list[str]) -> list[Item]:
        """Write the blocks side by side."""
        items: list[Item] = []
        for taken, step in self._blocks:
            items += code.apply(step, [Item(columns[at]) for at in taken])
        return items

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Transform rows."""
        results = [step.batch([columns[at] for at in taken]) for taken, step in self._blocks]
        if any(result.dtype == object for result in results):
            return side_by_side([c for result in results for c in result.T], len(columns[0]))
        return np.hstack(results) if results else np.empty((len(columns[0]), 0))


def _positions(columns: Any, names: list[str], width: int) -> list[int]:
    """Return column positions, however the block's columns were written."""
    if callable(columns):
        raise NotCompilableError("ColumnTransformer chooses its columns by a function")
    if isinstance(columns, slice):
        if isinstance(columns.start, str) or isinstance(columns.stop, str):
            raise NotCompilableError("ColumnTransformer takes a slice of column names")
        return list(range(width))[columns]
    wanted: list[Any] = [columns] if np.isscalar(columns) else list(columns)
    if wanted and isinstance(wanted[0], bool | np.bool_):
        return [position for position, taken in enumerate(wanted) if taken]
    return [names.index(name) if isinstance(name, str) else range(width)[name] for name in wanted]
